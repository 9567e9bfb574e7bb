/** `corebrum completion`: scripts that make a shell complete commands and flags. */
import { Argument, type Command } from 'commander'
import { print } from '../output.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

const EXAMPLES = `
Examples:
  corebrum completion bash > ~/.local/share/bash-completion/completions/corebrum
  corebrum completion zsh > ~/.zfunc/_corebrum
  corebrum completion fish > ~/.config/fish/completions/corebrum.fish`

export function addCompletion (program: Command): void {
  program.command('completion')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .description('print a completion script for a shell')
    .addHelpText('after', EXAMPLES)
    .action(async (shell: string) => {
      const scripts = await import('../completion-scripts.ts')
      const entries = scripts.commandEntries(program)
      if (shell === 'bash') print(scripts.bashScript(entries))
      else if (shell === 'zsh') print(scripts.zshScript(entries))
      else print(scripts.fishScript(entries))
    })
}
