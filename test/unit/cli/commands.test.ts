import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { bashScript, commandEntries, fishScript, zshScript } from '../../../src/cli/completion-scripts.ts'
import { EXIT, exitOfError, exitOfState } from '../../../src/cli/exit.ts'
import { createProgram } from '../../../src/cli/program.ts'
import { ERRORS, type ErrorCode } from '../../../src/errors.ts'
import { TASK_STATES, isFinal } from '../../../src/task/state.ts'

describe('cli commands', () => {
  const entries = commandEntries(createProgram())

  it('describes every command and flag', () => {
    assert.ok(entries.length >= 18)
    for (const entry of entries) {
      assert.notEqual(entry.description, '', entry.path)
      for (const flag of entry.flags) assert.notEqual(flag.description, '', `${entry.path} ${flag.name}`)
    }
  })

  it('names every command and flag in each completion script', () => {
    for (const script of [bashScript(entries), zshScript(entries), fishScript(entries)]) {
      for (const entry of entries) {
        assert.ok(script.includes(entry.path.split(' ').at(-1) ?? ''), entry.path)
        for (const flag of entry.flags) assert.ok(script.includes(flag.name.slice(2)), `${entry.path} ${flag.name}`)
      }
    }
  })

  it('writes a bash script that completes commands, commands in commands, and flags', function () {
    if (spawnSync('bash', ['-c', 'true']).status !== 0) assert.fail('this test needs bash')
    const complete = (...words: string[]): string[] => {
      const call = `COMP_WORDS=(corebrum ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _corebrum; echo "\${COMPREPLY[*]}"`
      const { stdout, stderr } = spawnSync('bash', ['-c', `${bashScript(entries)}\n${call}`], { encoding: 'utf8' })
      assert.equal(stderr, '')
      return stdout.trim().split(' ')
    }
    assert.deepEqual(complete('sub'), ['submit'])
    assert.deepEqual(complete('modules', 'a'), ['add'])
    assert.deepEqual(complete('submit', '--inp'), ['--input', '--inputs'])
    assert.deepEqual(complete('submit', '--file', 'x', '--det'), ['--detach'])
  })

  it('has an exit code for every error and final state', () => {
    const known: number[] = Object.values(EXIT)
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      assert.ok(known.includes(exitOfError(code)), code)
      assert.notEqual(exitOfError(code), EXIT.done, code)
    }
    for (const state of TASK_STATES) assert.equal(exitOfState(state.toUpperCase()) !== undefined, isFinal(state), state)
    assert.equal(exitOfError('ERR_NO_DAEMON'), 3)
    assert.equal(exitOfError('ERR_CANCELLED'), 5)
    assert.equal(exitOfError('ERR_WAIT_TIMEOUT'), 4)
  })
})
