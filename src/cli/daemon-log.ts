/** The log of a daemon: pino, on stderr, as plain lines for people or as JSON for collectors. */
import { pino, type Logger } from 'pino'

export interface DaemonLogInit {
  level: string
  json: boolean
}

export function createDaemonLog ({ level, json }: DaemonLogInit): Logger {
  const options = { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }
  return pino(options, { write: (line: string) => process.stderr.write(json ? line : plainLine(line)) })
}

/** `2025-01-01T12:00:00.000Z warn  message key=value`. */
export function plainLine (line: string): string {
  const { level, time, msg, ...rest }: Record<string, unknown> = JSON.parse(line)
  const name = pino.levels.labels[Number(level)] ?? String(level)
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return `${String(time)} ${name.padEnd(5)} ${msg === undefined ? '' : String(msg)}${fields.join('')}\n`
}
