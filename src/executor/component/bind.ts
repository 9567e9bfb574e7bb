/** The calling convention of components: a function's WIT types to the declared inputs and outputs, and commands by standard input and output. */
import { CorebrumError } from '../../errors.ts'
import type { Value } from '../../task/values.ts'
import type { Binding, Signature, TypedName } from '../abi/adapter.ts'
import { type Guest, type HostNames, ProgramExit } from '../abi/guest.ts'
import { runCommand, standardInput } from '../abi/wasi-command.ts'
import { type ExportedFunction, exportName, findRun, requireExport } from './exports.ts'
import { toLifted } from './inputs.ts'
import type { LinkedComponent } from './items.ts'
import type { ComponentMachine } from './machine.ts'
import { findNamed, plainName } from './names.ts'
import { outputsFrom } from './outputs.ts'
import type { Field, ValType } from './types.ts'
import { type Lifted, VariantValue } from './values.ts'
import { functionText, typeText } from './wit-text.ts'

/** Names that a task may give the entry of a command. */
const ENTRY_NAMES = ['_start', 'main', 'run']

/** Throws ERR_NO_EXPORT, ERR_SIGNATURE. `machineOf` finds the machine of a guest that runs. */
export function bindExport (linked: LinkedComponent, signature: Signature, machineOf: (guest: Guest) => ComponentMachine): Binding {
  const { functionName } = signature
  const run = findRun(linked)
  if (run !== undefined && functionName !== undefined && ENTRY_NAMES.includes(functionName)) return bindRun(run, signature, machineOf)
  const target = requireExport(linked, functionName)
  return target.func === run?.func ? bindRun(target, signature, machineOf) : bindFunction(target, signature, machineOf)
}

function bindRun (run: ExportedFunction, { inputs, outputs }: Signature, machineOf: (guest: Guest) => ComponentMachine): Binding {
  return {
    functionName: exportName(run),
    prepare: (values) => ({
      stdin: standardInput(values, inputs),
      run: (guest) => runCommand(guest, () => {
        const result = machineOf(guest).call(run.func, [])
        if (result instanceof VariantValue && result.index !== 0) throw new ProgramExit(1)
      }, outputs),
    }),
  }
}

function bindFunction (target: ExportedFunction, { inputs, outputs }: Signature, machineOf: (guest: Guest) => ComponentMachine): Binding {
  const { type } = target.func
  const order = inputOrder(target, inputs)
  type.params.forEach((param, index) => {
    const input = inputs[order[index] ?? -1]
    if (input !== undefined && !accepts(param.type, input.type)) {
      throw new CorebrumError('ERR_SIGNATURE', `the input ${JSON.stringify(input.name)} is declared as ${input.type}; ${describe(target)} takes ${typeText(param.type)}`)
    }
  })
  return {
    functionName: exportName(target),
    prepare (values) {
      const given = type.params.map((param, index) => (order[index] === undefined && hostName(param) !== undefined ? undefined : argument(param, inputs[order[index] ?? -1], values[order[index] ?? -1])))
      return {
        run (guest) {
          const args = given.map((value, index) => value ?? namedByHost(type.params[index], guest))
          return outputsFrom(machineOf(guest).call(target.func, args), type.result, outputs)
        },
      }
    },
  }
}

function argument (param: Field, input: TypedName | undefined, value: Value | undefined): Lifted {
  return toLifted(value, param.type, `the input ${JSON.stringify(input?.name ?? param.name)}`)
}

/** What the host knows of the call, for a parameter of that name that the task does not declare. */
function hostName ({ name, type }: Field): keyof HostNames | undefined {
  if (type.kind !== 'string') return undefined
  const plain = plainName(name)
  return plain === 'workerid' ? 'workerId' : plain === 'taskid' ? 'taskId' : undefined
}

function namedByHost (param: Field | undefined, guest: Guest): Lifted {
  const name = param === undefined ? undefined : hostName(param)
  return (name === undefined ? undefined : guest.names()[name]) ?? ''
}

/** For each parameter the index of its input: by name where every input names a parameter, else by position. */
function inputOrder (target: ExportedFunction, inputs: readonly TypedName[]): Array<number | undefined> {
  const { params } = target.func.type
  const named = params.map((param) => {
    const input = findNamed(inputs, param.name, ({ name }) => name)
    return input === undefined ? undefined : inputs.indexOf(input)
  })
  const order = new Set(named.filter((index) => index !== undefined)).size === inputs.length ? named : inputs.map((_, index) => index)
  const missing = params.find((param, index) => order[index] === undefined && !isOption(param.type) && hostName(param) === undefined)
  if (missing === undefined && inputs.length <= params.length) return order
  const given = inputs.length === 0 ? 'no inputs' : inputs.map(({ name, type }) => `${name}: ${type}`).join(', ')
  throw new CorebrumError('ERR_SIGNATURE', `${describe(target)} is a function ${functionText(target.func.type)}; the task declares ${given}`)
}

function isOption (type: ValType): boolean {
  return type.kind === 'variant' && type.form === 'option'
}

/** Whether values of a declared type can be what a parameter takes. */
function accepts (type: ValType, declared: TypedName['type']): boolean {
  if (declared === 'json') return true
  switch (type.kind) {
    case 'bool': return declared === 'boolean'
    case 'char': case 'string': return declared === 'string'
    case 'list': return declared === 'array' || (declared === 'bytes' && type.element.kind === 'u8')
    case 'record': return declared === (type.tuple ? 'array' : 'object')
    case 'flags': return declared === 'array' || declared === 'object'
    case 'variant': {
      const inner = type.cases[1]?.type
      if (isOption(type)) return inner !== undefined && accepts(inner, declared)
      return declared === 'string' || declared === 'object'
    }
    case 'own': case 'borrow': return false
    default: return declared === 'integer' || declared === 'number'
  }
}

function describe (target: ExportedFunction): string {
  return JSON.stringify(exportName(target))
}
