/** `corebrum modules`: the module store of the daemon. */
import type { Command } from 'commander'
import { numberField, textField, viewsField } from '../../control/fields.ts'
import { MAX_MODULE_BYTES } from '../../limits.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { readBytesFile } from '../input.ts'
import { print, printJson, say } from '../output.ts'
import { bytes, table } from '../table.ts'

const COLUMNS = [{ title: 'CID' }, { title: 'SIZE', align: 'right' }, { title: 'LAST USED' }] as const

export function addModules (program: Command): void {
  const modules = program.command('modules').description('list, add and remove modules in the store of the daemon')
    .addHelpText('after', '\nExample:\n  corebrum modules add fibonacci.wasm')

  modules.command('list').description('list the modules in the store')
    .option('--json', 'print JSON')
    .addOption(dataDirFlag())
    .addHelpText('after', '\nExample:\n  corebrum modules list')
    .action(async (flags: DataDirFlags & { json?: boolean }) => {
      const stored = viewsField(await clientFor(flags).get('/v1/modules'), 'modules')
      if (flags.json === true) {
        printJson(stored)
        return
      }
      print(table(COLUMNS, stored.map((item) => [textField(item, 'cid') ?? '', bytes(numberField(item, 'size')), textField(item, 'usedAt') ?? ''])))
    })

  modules.command('add').argument('<file>', 'a .wasm file').description('put a module into the store and print its CID')
    .option('--json', 'print JSON')
    .addOption(dataDirFlag())
    .addHelpText('after', '\nExample:\n  corebrum modules add fibonacci.wasm')
    .action(async (file: string, flags: DataDirFlags & { json?: boolean }) => {
      const added = await clientFor(flags).addModule(await readBytesFile(file, 'FILE', MAX_MODULE_BYTES))
      if (flags.json === true) printJson(added)
      else print(textField(added, 'cid') ?? '')
    })

  modules.command('rm').argument('<cid>', 'CID of a module').description('drop a module from the store')
    .addOption(dataDirFlag())
    .addHelpText('after', '\nExample:\n  corebrum modules rm bafkrei…')
    .action(async (cid: string, flags: DataDirFlags) => {
      await clientFor(flags).delete(`/v1/modules/${encodeURIComponent(cid)}`)
      say(`removed ${cid}`)
    })
}
