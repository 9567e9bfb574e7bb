// Runs the tests on every supported line of Node; the npm package `node` carries the binaries.
//   node scripts/test-on-nodes.mjs [VERSION ...]      default: 20 22 24
import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const asked = process.argv.slice(2)
const failed = []
for (const version of asked.length > 0 ? asked : ['20', '22', '24']) {
  const where = ['exec', '--yes', `--package=node@${version}`, '--']
  const node = execFileSync('npm', [...where, 'node', '-p', 'process.execPath'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
  console.log(`== ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}`)
  const { status } = spawnSync(node, ['node_modules/mocha/bin/mocha.js', 'test/{unit,network,e2e}/**/*.test.ts'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) failed.push(version)
}
if (failed.length > 0) {
  console.error(`the tests failed on Node ${failed.join(', ')}`)
  process.exitCode = 1
}
