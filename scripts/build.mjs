// Builds dist/: the commands and the sandbox as self-contained bundles (start-up time), the library with its types.
import { rmSync, chmodSync, existsSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
const started = Date.now()
rmSync('dist', { recursive: true, force: true })

const common = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  outdir: 'dist',
  chunkNames: '[name]-[hash]',
  legalComments: 'none',
  minify: true,
  logLevel: 'warning',
}
// Bundled CommonJS packages call require() for Node's own modules.
const banner = { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" }
// Packages that find their binaries beside themselves.
const NATIVE = ['classic-level']
const cli = 'src/cli/main.ts'
const sandbox = 'src/executor/sandbox-process.ts'
const library = 'src/index.ts'

if (existsSync(cli)) await build({ ...common, entryPoints: { cli }, splitting: true, external: NATIVE, banner: { js: banner.js } })
if (existsSync(sandbox)) await build({ ...common, entryPoints: { sandbox }, banner })
if (existsSync(library)) await build({ ...common, entryPoints: { index: library }, packages: 'external' })
if (existsSync('dist/cli.js')) chmodSync('dist/cli.js', 0o755)
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
if (existsSync('tsconfig.build.json')) execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
console.error(`built dist/ in ${Date.now() - started} ms`)
