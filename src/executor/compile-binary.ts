/** Bytes of either kind, ready to run. */
import { binaryKind } from './binary/sniff.ts'
import { type CompileOptions, type CompiledModule, compileModule } from './compile.ts'
import { type CompiledComponent, compileComponent } from './component/compile-component.ts'

/** Throws what `binaryKind`, `compileModule` and `compileComponent` throw. */
export function compileBinary (bytes: Uint8Array, maxPages: number, options: CompileOptions): CompiledModule | CompiledComponent {
  return binaryKind(bytes) === 'component' ? compileComponent(bytes, maxPages, { fuel: options.fuel === true }) : compileModule(bytes, maxPages, options)
}
