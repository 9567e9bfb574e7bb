/** `corebrum inspect`: what a module is, whether it runs here, and a definition to start from. */
import { basename } from 'node:path'
import type { Command } from 'commander'
import { MAX_MODULE_BYTES } from '../../limits.ts'
import { readBytesFile } from '../input.ts'
import { print, printJson } from '../output.ts'

const EXAMPLES = `
Examples:
  corebrum inspect factorial.wasm
  corebrum inspect factorial.wasm --definition > factorial.yaml`

export function addInspect (program: Command): void {
  program.command('inspect').argument('<module>', 'a .wasm file')
    .description('show imports, exports, memory, calling convention and CID of a module, and a task definition for it')
    .option('--json', 'print JSON')
    .option('--definition', 'print the task definition only')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, flags: { json?: boolean, definition?: boolean }) => {
      const bytes = await readBytesFile(file, 'MODULE', MAX_MODULE_BYTES)
      const [{ inspectModule }, { cidOf }, text, { starterDefinition }] = await Promise.all([
        import('../../executor/inspect.ts'), import('../../modules/cid.ts'), import('../module-text.ts'), import('../starter-definition.ts'),
      ])
      const report = inspectModule(bytes)
      const cid = cidOf(bytes)
      const definition = starterDefinition(report, { fileName: basename(file), cid })
      if (flags.json === true) printJson({ ...text.moduleView(report, cid), definition })
      else if (flags.definition === true) print(definition.trimEnd())
      else print(`${text.moduleText(report, { file, cid })}\n\nA definition to start from:\n\n${definition.trimEnd()}`)
    })
}
