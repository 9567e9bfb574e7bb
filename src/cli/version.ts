/** The version of this program; the bundler copies it in. */
import manifest from '../../package.json' with { type: 'json' }

export const VERSION: string = manifest.version
