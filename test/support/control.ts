/** A control server on a socket of its own, with a fake node behind it and a client before it. */
import { createControlClient, type ControlClient } from '../../src/control/client.ts'
import { createControlServer, type ControlServer } from '../../src/control/server.ts'
import { createFakeNode, type FakeNode } from './fake-node.ts'
import { useTempDirs } from './temp-dir.ts'

export interface ControlFixture {
  readonly dataDir: string
  readonly node: FakeNode
  readonly server: ControlServer
  readonly client: ControlClient
}

/** New for each test; `version` is what `status` shows. Call within `describe`; read its fields within tests. */
export function useControl ({ version }: { version?: string } = {}): ControlFixture {
  const tempDir = useTempDirs()
  let current: ControlFixture | undefined
  beforeEach(async () => {
    const dataDir = await tempDir()
    const node = createFakeNode({ dataDir })
    const server = createControlServer({ node: Promise.resolve(node) }, version === undefined ? { dataDir } : { dataDir, version })
    await server.start()
    current = { dataDir, node, server, client: createControlClient({ dataDir }) }
  })
  afterEach(async () => { await current?.server.stop() })
  const fixture = (): ControlFixture => {
    if (current === undefined) throw new Error('the control server runs only within tests')
    return current
  }
  return {
    get dataDir () { return fixture().dataDir },
    get node () { return fixture().node },
    get server () { return fixture().server },
    get client () { return fixture().client },
  }
}
