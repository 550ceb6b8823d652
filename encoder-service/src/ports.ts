import type { Input, LoadedCrossEncoder, LoadedModel, Operation, Output } from './encoding/worker-protocol.ts'

/** Does the heavy work, one call of a lane after the other; the encoding workers in service, a stand-in in tests. */
export interface EncodingPort {
  readonly models: readonly LoadedModel[]
  readonly crossEncoders: readonly LoadedCrossEncoder[]
  /** @throws HypershardError */
  call<Name extends Operation>(operation: Name, input: Input<Name>): Promise<Output<Name>>
}
