/** `corebrum validate`: checks a task definition without running it. */
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { MAX_DEFINITION_BYTES } from '../../limits.ts'
import { isPipeline } from '../../task/definition.ts'
import { readTextFile } from '../input.ts'
import { print, printJson, say } from '../output.ts'

export function addValidate (program: Command): void {
  program.command('validate').argument('<file>', 'a task definition, YAML or JSON; - for standard input')
    .description('check a task definition, and its module where it is a file, and report every mistake')
    .option('--json', 'print what was understood as JSON')
    .addHelpText('after', '\nExample:\n  corebrum validate task_definitions/wasm/factorial_wasm.yaml')
    .action(async (file: string, flags: { json?: boolean }) => {
      const text = await readTextFile(file, 'FILE', MAX_DEFINITION_BYTES)
      const { readSubmission } = await import('../../control/submission.ts')
      const baseDir = file === '-' ? process.cwd() : dirname(resolve(file))
      const { definition, warnings } = await readSubmission({ definition: text, fileName: file === '-' ? 'standard input' : file, baseDir })
      for (const warning of warnings) say(`warning: ${warning}`)
      const [{ checkModule }, { binaryKind }] = await Promise.all([import('../../modules/check-module.ts'), import('../../executor/binary/sniff.ts')])
      for (const { module, cid } of isPipeline(definition) ? definition.steps.map(({ task }) => task) : [definition]) {
        await checkModule(module, { baseDir, checkBytes: binaryKind, ...(cid === undefined ? {} : { cid }) })
      }
      if (flags.json !== true) {
        print(`${file}: valid (${isPipeline(definition) ? `pipeline "${definition.name}" of ${definition.steps.length} tasks` : `task "${definition.name}"`})`)
        return
      }
      const { definitionView } = await import('../definition-view.ts')
      printJson(definitionView(definition))
    })
}
