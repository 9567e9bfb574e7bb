// Greets. Strings cross as AssemblyScript has them: the host makes them with the runtime that --exportRuntime exports.
export function greet (name: string): string {
  return 'Hello, ' + name + '!'
}
