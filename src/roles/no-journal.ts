/** The journal of a node that keeps nothing: one that lives as long as a command, or that runs without a data folder of its own. */
import type { TaskJournal } from './journal.ts'

async function * nothing (): AsyncGenerator<never> {}

export const NO_JOURNAL: TaskJournal = {
  durable: false,
  async submitted () {},
  changed () {},
  async ended () {},
  amended () {},
  recover: nothing,
  async find () { return undefined },
  async idsWith () { return [] },
  async list () { return [] },
  async children () { return [] },
  async reusable () { return undefined },
  noteReusable () {},
  async saveJob () {},
  dropJob () {},
  jobs: nothing,
  async owe () {},
  settled () {},
  owed: nothing,
}
