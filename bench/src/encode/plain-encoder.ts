import type { ModelDirectory } from '@hypershard/qnet'
import { createOnnxSession, floatOutput, type InferenceSession, Tensor } from '@hypershard/qnet'

/** A model's backbone in onnxruntime with nothing of the encoder service around it: what the service is measured against. */
export interface PlainEncoder {
  /** The mean of the token states, [hiddenWidth]. */
  readonly encodeQuery: (ids: Int32Array) => Promise<Float32Array>
  /** The graph alone, padding included. */
  readonly runDocuments: (batch: readonly Int32Array[]) => Promise<unknown>
}

export async function openPlainEncoder(directory: ModelDirectory, threads: number): Promise<PlainEncoder> {
  const { encoder } = directory.settings
  const open = (file: string) => createOnnxSession(directory.files.get(file)!, { threads })
  const queryEncoder = await open(encoder.query)
  const documentEncoder = encoder.document === encoder.query ? queryEncoder : await open(encoder.document)
  return {
    encodeQuery: async ids => {
      const states = floatOutput(await queryEncoder.run(padded([ids])), 'token_states')
      return meanOfRows(states, encoder.hiddenWidth)
    },
    runDocuments: batch => documentEncoder.run(padded(batch)),
  }
}

function padded(batch: readonly Int32Array[]): InferenceSession.OnnxValueMapType {
  const longest = Math.max(...batch.map(ids => ids.length))
  const ids = new BigInt64Array(batch.length * longest)
  const mask = new BigInt64Array(batch.length * longest)
  for (const [row, text] of batch.entries()) {
    ids.set(BigInt64Array.from(text, BigInt), row * longest)
    mask.fill(1n, row * longest, row * longest + text.length)
  }
  const shape = [batch.length, longest]
  return { input_ids: new Tensor('int64', ids, shape), attention_mask: new Tensor('int64', mask, shape) }
}

function meanOfRows(states: Float32Array, width: number): Float32Array {
  const sum = new Float32Array(width)
  for (let i = 0; i < states.length; i++) sum[i % width]! += states[i]!
  const rows = states.length / width
  return sum.map(value => value / rows)
}
