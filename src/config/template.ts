/** The commented file that `corebrum init` writes: made from the table of settings, so that it names them all. */
import { SETTINGS } from './settings.ts'

const HEAD = `# Configuration of a corebrum node. Every line is optional: take the # away to change a value.
# Environment variables go before this file, flags of the command before both.
`

export function configTemplate (): string {
  const parts = SETTINGS.map((setting) => `# ${setting.about}
# Allowed: ${setting.allowed}. Also: ${setting.env}, ${setting.flag}.
# ${setting.name}: ${setting.example}
`)
  return [HEAD, ...parts].join('\n')
}
