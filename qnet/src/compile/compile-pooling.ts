import { GraphBuilder } from '../onnx/graph-builder.ts'

export interface Pooling {
  /** The mean over the tokens that are not padding, or the first token. */
  readonly pooling: 'mean' | 'cls'
  /** Whether the vector is scaled to length 1. */
  readonly normalize: boolean
}

/** Keeps a zero vector from being divided by zero (torch's `F.normalize` default). */
const lengthMin = 1e-12

/**
 * Token states to one vector a text. Inputs: `token_states` f32 [batch, tokens, width], `attention_mask` int64 [batch,
 * tokens] with 1 for tokens and 0 for padding. Output: `vectors` f32 [batch, width].
 */
export function compilePooling(options: Pooling & { width: number }): Uint8Array {
  const graph = new GraphBuilder('pooling')
  graph.input('token_states', 'float32', ['batch', 'tokens', options.width])
  graph.input('attention_mask', 'int64', ['batch', 'tokens'])
  const pooled = options.pooling === 'mean' ? addMean(graph) : addFirstToken(graph)
  if (options.normalize) addNormalisation(graph, pooled)
  else graph.node('Identity', [pooled], 'vectors')
  graph.output('vectors', 'float32', ['batch', options.width])
  return graph.build()
}

function addMean(graph: GraphBuilder): string {
  const mask = graph.node('Cast', ['attention_mask'], 'mask', { attributes: { to: 1 } })
  const last = graph.constant('last_axis', BigInt64Array.of(-1n), [1])
  const tokens = graph.constant('token_axis', BigInt64Array.of(1n), [1])
  const masked = graph.node('Mul', ['token_states', graph.node('Unsqueeze', [mask, last], 'mask_column')], 'masked')
  const sum = graph.node('ReduceSum', [masked, tokens], 'sum', { attributes: { keepdims: 0 } })
  const count = graph.node('ReduceSum', [mask, tokens], 'count', { attributes: { keepdims: 1 } })
  return graph.node('Div', [sum, count], 'pooled')
}

function addFirstToken(graph: GraphBuilder): string {
  const first = graph.constant('first', BigInt64Array.of(0n), [])
  return graph.node('Gather', ['token_states', first], 'pooled', { attributes: { axis: 1 } })
}

function addNormalisation(graph: GraphBuilder, pooled: string): void {
  const axis = graph.constant('width_axis', BigInt64Array.of(-1n), [1])
  const length = graph.node('ReduceL2', [pooled, axis], 'length', { attributes: { keepdims: 1 } })
  const floor = graph.constant('length_min', Float32Array.of(lengthMin), [])
  graph.node('Div', [pooled, graph.node('Max', [length, floor], 'divisor')], 'vectors')
}
