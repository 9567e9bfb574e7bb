/** One source's bytes of a module, while they arrive. */
export interface Transfer {
  /** Bytes of the whole module, when the source says so. */
  readonly size?: number
  /** The bytes from the offset that was asked for to the end; read once. Its errors are CorebrumErrors. */
  readonly body: AsyncIterable<Uint8Array>
}
