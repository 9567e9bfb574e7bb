/** Completion scripts for bash, zsh and fish, made from the commands themselves. */
import type { Command } from 'commander'

export interface FlagEntry {
  /** `--file`. */
  name: string
  description: string
  takesValue: boolean
}

export interface CommandEntry {
  /** `submit`, or `modules list` for a command in a command. */
  path: string
  description: string
  flags: FlagEntry[]
  /** Names of the commands in it. */
  subcommands: string[]
  /** True when an argument is a file. */
  takesFile: boolean
}

export function commandEntries (program: Command): CommandEntry[] {
  const visit = (command: Command, prefix: string): CommandEntry[] => command.commands.flatMap((child) => {
    const path = `${prefix}${child.name()}`
    const flags = child.options.filter((option) => !option.hidden).flatMap((option) => {
      const entry = { description: option.description, takesValue: option.required }
      return option.flags.match(/--[a-z-]+/g)?.map((name) => ({ name, ...entry })) ?? []
    })
    const entry = {
      path,
      description: child.description(),
      flags: [...flags, { name: '--help', description: 'display help for command', takesValue: false }],
      subcommands: child.commands.map((inner) => inner.name()),
      takesFile: child.registeredArguments.some((argument) => /file|module/.test(argument.name())),
    }
    return [entry, ...visit(child, `${path} `)]
  })
  return visit(program, '')
}

export function bashScript (entries: readonly CommandEntry[]): string {
  const cases = entries.map((entry) => `    '${entry.path}') words='${words(entry)}' ;;`).join('\n')
  return `# bash completion for corebrum
_corebrum () {
  local cur=\${COMP_WORDS[COMP_CWORD]} path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) break ;; esac
    path="\${path:+$path }$word"
  done
  case $path in
    '') words='${topLevel(entries).map((entry) => entry.path).join(' ')} --help --version' ;;
${cases}
  esac
  COMPREPLY=( $(compgen -W "$words" -- "$cur") )
}
complete -o default -o bashdefault -F _corebrum corebrum`
}

export function zshScript (entries: readonly CommandEntry[]): string {
  const described = (list: ReadonlyArray<{ name: string, description: string }>): string => (
    list.map(({ name, description }) => `'${quote(`${name.replaceAll(':', '\\:')}:${description}`)}'`).join(' '))
  const cases = entries.map((entry) => {
    const inner = entries.filter((other) => entry.subcommands.some((name) => other.path === `${entry.path} ${name}`))
      .map((other) => ({ name: other.path.slice(entry.path.length + 1), description: other.description }))
    return `    '${entry.path}') candidates=(${described([...inner, ...entry.flags])}) ;;`
  }).join('\n')
  return `#compdef corebrum
_corebrum () {
  local -a candidates
  local path_='' word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case $word in -*) break ;; esac
    path_="\${path_:+$path_ }$word"
  done
  case $path_ in
    '') candidates=(${described(topLevel(entries).map((entry) => ({ name: entry.path, description: entry.description })))}) ;;
${cases}
  esac
  _describe 'corebrum' candidates || _files
}
if [ "$funcstack[1]" = "_corebrum" ]; then _corebrum "$@"; else compdef _corebrum corebrum; fi`
}

export function fishScript (entries: readonly CommandEntry[]): string {
  const lines = ['# fish completion for corebrum', 'complete -c corebrum -f']
  for (const entry of entries) {
    const parts = entry.path.split(' ')
    const name = parts.at(-1) ?? ''
    const parent = parts.slice(0, -1)
    const place = parent.length === 0 ? '__fish_use_subcommand' : parent.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ')
    lines.push(`complete -c corebrum -n '${place}' -a ${name} -d '${quoteFish(entry.description)}'`)
    const inside = parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ')
    for (const flag of entry.flags) {
      lines.push(`complete -c corebrum -n '${inside}' -l ${flag.name.slice(2)}${flag.takesValue ? ' -r -F' : ''} -d '${quoteFish(flag.description)}'`)
    }
    if (entry.takesFile) lines.push(`complete -c corebrum -n '${inside}' -F`)
  }
  return lines.join('\n')
}

function topLevel (entries: readonly CommandEntry[]): CommandEntry[] {
  return entries.filter((entry) => !entry.path.includes(' '))
}

function words (entry: CommandEntry): string {
  return [...entry.subcommands, ...entry.flags.map((flag) => flag.name)].join(' ')
}

function quote (text: string): string {
  return text.replaceAll("'", "'\\''")
}

function quoteFish (text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}
