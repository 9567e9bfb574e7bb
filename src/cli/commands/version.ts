/** `corebrum version`: the versions that a bug report needs. */
import type { Command } from 'commander'
import { print, printJson } from '../output.ts'
import { VERSION } from '../version.ts'

export function addVersion (program: Command): void {
  program.command('version')
    .description('print the version')
    .option('--json', 'print JSON, with the versions of Node and V8')
    .addHelpText('after', '\nExample:\n  corebrum version --json')
    .action((flags: { json?: boolean }) => {
      if (flags.json === true) printJson({ corebrum: VERSION, node: process.versions.node, v8: process.versions.v8, platform: `${process.platform}-${process.arch}` })
      else print(VERSION)
    })
}
