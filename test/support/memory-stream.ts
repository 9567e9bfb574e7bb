/** A stream that keeps what is written to it, as a terminal or as a file. */
export interface MemoryStream {
  isTTY: boolean
  columns: number
  text: string
  write (text: string): boolean
}

export function createMemoryStream ({ isTTY = false, columns = 80 } = {}): MemoryStream {
  return {
    isTTY,
    columns,
    text: '',
    write (text) {
      this.text += text
      return true
    },
  }
}
