/** examples/jobs, examples/offline and examples/trust: their run.sh is run as a person would, with the built command. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { CLI, ROOT } from '../support/daemon.ts'
import { wat } from '../support/wat.ts'

interface Step { command: string, lines: string[] }

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
/** Who gets a task how often, whether so short a one is said to have begun, and whether an offer is just going out is not the same in each run. */
const VARYING = /\b(leased|started|resumed|released|next offer)\b/

/** A line without what differs from run to run. */
function plain (line: string): string {
  return line
    .replaceAll(/ --no-mdns --listen \S+/g, '')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}(-\d+)?/g, 'ID')
    .replaceAll(/12D3KooW[\w…]+/g, 'PEER')
    .replaceAll(/…\w{8}/g, 'PEER')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/(\/tcp\/|kill -\w+ |"elapsed":|"done": |"signature": )("[^"]+"|\d+)/g, '$1N')
    .replaceAll(/\d+(\.\d+)? (ms|s)\b/g, 'N $2')
    .replaceAll(/\d+ of (\d+) done/g, 'N of $1 done')
    .replaceAll(/ +/g, ' ').trim()
}

function steps (lines: string[]): Step[] {
  const found: Step[] = []
  for (const line of lines.filter((line) => !line.startsWith('#') && line !== '').map(plain)) {
    if (line.startsWith('$ ')) found.push({ command: line, lines: [] })
    else found.at(-1)?.lines.push(line)
  }
  return found
}

/** What a README shows, of the commands that it shows. */
function transcript (readme: string): Step[] {
  return steps([...readme.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block]) => (block ?? '').split('\n')))
}

/** Its exit code, and all that it said. */
async function run (name: string): Promise<{ code: number | null, said: string, steps: Step[] }> {
  return await new Promise((resolve) => {
    const cwd = join(ROOT, 'examples', name)
    const child = execFile('sh', ['run.sh'], { cwd, env: { ...process.env, COREBRUM: CLI }, maxBuffer: MAX_OUTPUT_BYTES }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, said: `${stdout}\n${stderr}`, steps: steps(stdout.split('\n')) })
    })
  })
}

describe('examples', () => {
  for (const name of ['jobs', 'offline', 'trust']) {
    it(`${name}: every step answers as it should, and as the README shows`, async () => {
      const { code, said, steps: ran } = await run(name)
      assert.equal(code, 0, said)
      const shown = transcript(await readFile(join(ROOT, 'examples', name, 'README.md'), 'utf8'))
      assert.deepEqual(shown.map(({ command }) => command), ran.map(({ command }) => command))
      for (const [index, { command, lines }] of shown.entries()) {
        const wrong = lines.filter((line) => line !== '…' && !VARYING.test(line) && ran[index]?.lines.includes(line) !== true)
        assert.deepEqual(wrong, [], `${command}\n${ran[index]?.lines.join('\n')}`)
      }
    }).timeout(600_000)
  }

  it('trust: the module in the definitions is built from measure.wat', async () => {
    const read = async (name: string): Promise<string> => await readFile(join(ROOT, 'examples', 'trust', name), 'utf8')
    const built = Buffer.from(await wat(await read('measure.wat'), { names: false })).toString('base64')
    for (const name of ['measure.yaml', 'undecided.yaml']) assert.ok(JSON.stringify(load(await read(name))).includes(`"wasm_binary":"${built}"`), name)
  })
})
