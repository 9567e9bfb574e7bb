/** `corebrum verify`: whether a receipt is signed by the worker that it names, and fits the task that it is of. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { textField, viewsField } from '../../control/fields.ts'
import { findingViews } from '../../control/receipt-views.ts'
import type { View } from '../../control/views.ts'
import { CorebrumError } from '../../errors.ts'
import { MAX_RECEIPT_FILE_BYTES, MAX_REPLICAS } from '../../limits.ts'
import { parseJsonValue } from '../../task/json.ts'
import { receiptFindings } from '../../task/receipt-check.ts'
import { readReceipt } from '../../task/receipt-form.ts'
import type { Receipt } from '../../task/receipt.ts'
import { EXIT } from '../exit.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { readTextFile } from '../input.ts'
import { print, printJson, say } from '../output.ts'
import { plainText } from '../plain-text.ts'

const EXAMPLES = `
Examples:
  corebrum verify 3f0c2a1e
  corebrum results 3f0c2a1e --receipt > receipt.json
  corebrum verify receipt.json

A file is checked without a daemon: its signature, by the PeerId in it. A task is checked by the daemon, which also
knows what came out of it.
Exit codes: 0 the receipt is good, 1 it is not, or there is none.`

export function addVerify (program: Command): void {
  program.command('verify').argument('<task-or-file>', 'a task: its id, or the beginning of it; or a file that `results --receipt` wrote; - for standard input')
    .description('check the receipt of a task')
    .option('--json', 'print what was checked as JSON')
    .addOption(dataDirFlag())
    .addHelpText('after', EXAMPLES)
    .action(async (named: string, flags: DataDirFlags & { json?: boolean }) => {
      if (/[/\\.]/.test(named) && !existsSync(named)) throw new CorebrumError('ERR_USAGE', `${named} is no file, and no id of a task; allowed: the id of a task, or a file that \`corebrum results ID --receipt\` wrote`)
      const receipts = named === '-' || existsSync(named)
        ? (await readReceipts(named)).map((receipt) => findingViews(receipt, receiptFindings(receipt)))
        : viewsField(await clientFor(flags).get(`/v1/tasks/${encodeURIComponent(named)}/verify`), 'receipts')
      const ok = receipts.every((receipt) => receipt['ok'] === true)
      if (flags.json === true) printJson({ ok, receipts })
      else for (const receipt of receipts) printFindings(receipt)
      if (ok) return
      process.exitCode = EXIT.failed
      for (const receipt of receipts) for (const line of faults(receipt)) say(`corebrum: ${line} (ERR_RECEIPT)`)
    })
}

/** One receipt, or a list of them, as they are exported. Rejects with ERR_RECEIPT and ERR_USAGE. */
async function readReceipts (path: string): Promise<Receipt[]> {
  const name = path === '-' ? 'standard input' : path
  const text = await readTextFile(path, 'the receipt', MAX_RECEIPT_FILE_BYTES)
  let value
  try {
    value = parseJsonValue(text, name)
  } catch (cause) {
    throw new CorebrumError('ERR_RECEIPT', `this is no receipt: ${(cause as Error).message}`, { cause })
  }
  const list = Array.isArray(value) ? value : [value]
  if (list.length === 0 || list.length > MAX_REPLICAS) throw new CorebrumError('ERR_RECEIPT', `${name} holds ${list.length} receipts; one to ${MAX_REPLICAS} are allowed`)
  return list.map(readReceipt)
}

function printFindings (receipt: View): void {
  const doubt = receipt['ok'] === true ? '' : 'the receipt does not hold; it says '
  print(`task ${textField(receipt, 'task')}: ${doubt}${textField(receipt, 'status')} on ${textField(receipt, 'worker')} at ${textField(receipt, 'endedAt')}`)
  for (const { part, verdict, detail } of findings(receipt)) print(`  ${part.padEnd(9)} ${verdict.padEnd(11)} ${detail}`)
}

function faults (receipt: View): string[] {
  return findings(receipt).filter(({ verdict }) => verdict === 'wrong').map(({ part, detail }) => `the receipt of task ${textField(receipt, 'task')} does not hold: ${part}: ${detail}`)
}

function findings (receipt: View): Array<{ part: string, verdict: string, detail: string }> {
  return viewsField(receipt, 'findings').map((finding) => ({
    part: textField(finding, 'part') ?? '',
    verdict: finding['fits'] === true ? 'ok' : finding['fits'] === false ? 'wrong' : 'not checked',
    detail: plainText(textField(finding, 'detail') ?? ''),
  }))
}
