/** `corebrum test`: runs the examples of definitions in a sandbox of this machine and compares what they give. */
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { CorebrumError } from '../../errors.ts'
import { MAX_DEFINITION_BYTES } from '../../limits.ts'
import { addNodeFlags, configSources, type NodeFlags } from '../flags.ts'
import { EXIT } from '../exit.ts'
import { readTextFile } from '../input.ts'
import { flushed, print, printJson, say } from '../output.ts'

interface TestFlags extends NodeFlags { json?: boolean }

const EXAMPLES = `
A definition lists its examples:

  examples:
    - inputs: {number: 5}
      outputs: {result: 120}
    - name: negative numbers are refused
      inputs: {number: -1}
      error: ERR_INPUT

Examples of a pipeline are of the whole; a step that fails is an ERR_STEP. A task that runs on several peers (replicas) runs twice
here, to see whether its outputs would agree.

Example:
  corebrum test task_definitions/wasm/factorial_wasm.yaml

Exit codes: 0 all passed, 1 one failed, 2 bad usage or definition, or no examples.`

export function addTest (program: Command): void {
  const command = program.command('test').argument('<files...>', 'task definitions with examples')
    .description('run the examples of definitions in a sandbox of this machine')
    .option('--json', 'print the outcome of each example as JSON')
    .addHelpText('after', EXAMPLES)
  addNodeFlags(command).action(async (files: string[], flags: TestFlags) => {
    const code = await test(files, flags)
    await flushed()
    // The node's timers may still run.
    process.exit(code)
  })
}

async function test (files: string[], flags: TestFlags): Promise<number> {
  const { readSubmission } = await import('../../control/submission.ts')
  const definitions = await Promise.all(files.map(async (file) => {
    const { definition, warnings } = await readSubmission({ definition: await readTextFile(file, 'FILE', MAX_DEFINITION_BYTES), fileName: file, baseDir: dirname(resolve(file)) })
    for (const warning of warnings) say(`warning: ${warning}`)
    if (definition.examples === undefined) throw new CorebrumError('ERR_USAGE', `${file} has no examples to run; add some, such as examples: [{inputs: {number: 5}, outputs: {result: 120}}]`)
    return { file, definition, baseDir: dirname(resolve(file)) }
  }))
  const { createTestBench } = await import('../test-bench.ts')
  const bench = await createTestBench(configSources(flags))
  try {
    const outcomes = []
    for (const { file, definition, baseDir } of definitions) {
      if (flags.json !== true) print(file)
      for (const example of definition.examples ?? []) {
        const outcome = await bench.run(definition, example, baseDir)
        outcomes.push({ file, ...outcome })
        if (flags.json !== true) print(`  ${outcome.passed ? '✔' : '✘'} ${outcome.name} (${outcome.tookMs} ms)${outcome.problems.map((problem) => `\n      ${problem}`).join('')}`)
      }
    }
    const failed = outcomes.filter(({ passed }) => !passed).length
    if (flags.json === true) printJson({ passed: outcomes.length - failed, failed, examples: outcomes })
    else print(`${outcomes.length - failed} passed, ${failed} failed`)
    return failed === 0 ? EXIT.done : EXIT.failed
  } finally {
    await bench.close()
  }
}
