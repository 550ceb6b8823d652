import type { NamedTensor } from '@hypershard/qnet'
import { coreLayers, GraphBuilder, layerShapes, type QNetArchitecture } from '@hypershard/qnet'
import { pseudoRandomTensor } from './pseudo-random.ts'

/**
 * The smallest encoder there is: a token's state is its row of a random table, and zero for padding. Texts with common
 * tokens have similar vectors, which is enough for searches to find something.
 */
export function tinyEncoder(options: { vocabularySize: number; hiddenWidth: number; seed: number }): Uint8Array {
  const { vocabularySize, hiddenWidth, seed } = options
  const graph = new GraphBuilder('tiny-encoder')
  graph.input('input_ids', 'int64', ['batch', 'tokens'])
  graph.input('attention_mask', 'int64', ['batch', 'tokens'])
  const table = pseudoRandomTensor(seed, vocabularySize * hiddenWidth, 1)
  graph.constant('table', table, [vocabularySize, hiddenWidth])
  const states = graph.node('Gather', ['table', 'input_ids'], 'states', { attributes: { axis: 0 } })
  const mask = graph.node('Cast', ['attention_mask'], 'mask', { attributes: { to: 1 } })
  const last = graph.constant('last_axis', BigInt64Array.of(-1n), [1])
  const column = graph.node('Unsqueeze', [mask, last], 'mask_column')
  graph.output(graph.node('Mul', [states, column], 'token_states'), 'float32', ['batch', 'tokens', hiddenWidth])
  return graph.build()
}

/**
 * An interpreter for a `tinyEncoder` of the same options that knows one wording: the token `join` joins what stands on both
 * sides of it, and all else is of a piece. Of a text without that token it is as sure that it is one need.
 */
export function tinyInterpreter(
  options: { vocabularySize: number; hiddenWidth: number; seed: number },
  ids: { readonly join: number; readonly start: number },
): Uint8Array {
  const { vocabularySize, hiddenWidth, seed } = options
  const table = pseudoRandomTensor(seed, vocabularySize * hiddenWidth, 1)
  const graph = new GraphBuilder('tiny-interpreter')
  graph.input('token_states', 'float32', ['texts', 'tokens', hiddenWidth])
  const axis = (name: string, at: number) => graph.constant(name, BigInt64Array.of(BigInt(at)), [1])
  const [last, tokens] = [axis('last_axis', -1), axis('tokens_axis', 1)]
  /** 1 for a token whose state is that of the id, else 0: [texts, tokens, 1]. */
  const isToken = (name: string, id: number) => {
    const row = graph.constant(`${name}_state`, table.slice(id * hiddenWidth, (id + 1) * hiddenWidth), [hiddenWidth])
    const apart = graph.node('Sub', ['token_states', row], `${name}_apart`)
    const squares = graph.node('Mul', [apart, apart], `${name}_squares`)
    const distance = graph.node('ReduceSum', [squares, last], `${name}_distance`, { attributes: { keepdims: 1 } })
    const near = graph.node(
      'Less',
      [distance, graph.constant(`${name}_near`, Float32Array.of(1e-6), [1])],
      `${name}_is`,
    )
    return graph.node('Cast', [near], name, { attributes: { to: 1 } })
  }
  const join = isToken('join', ids.join)
  const starts = graph.node('Add', [join, isToken('start', ids.start)], 'starts')
  const [zero, end] = [axis('zero', 0), axis('all_but_last', -1)]
  const before = graph.node('Slice', [starts, zero, end, tokens], 'starts_but_last')
  const first = graph.node('Slice', [join, zero, axis('one', 1), tokens], 'first_join')
  const follows = graph.node('Concat', [first, before], 'follows', { attributes: { axis: 1 } })
  const one = graph.constant('one_value', Float32Array.of(1), [1])
  const own = graph.node('Sub', [one, join], 'own')
  const begin = graph.node('Mul', [own, follows], 'begin')
  const inside = graph.node('Sub', [own, begin], 'inside')
  const shared = graph.node('Sub', [join, join], 'shared')
  const chosen = graph.node('Concat', [join, shared, begin, inside], 'chosen', { attributes: { axis: -1 } })
  const sure = graph.constant('sure', Float32Array.of(20), [1])
  const minus = graph.node('Sub', [chosen, one], 'minus')
  graph.output(graph.node('Mul', [minus, sure], 'log_tags'), 'float32', ['texts', 'tokens', 4])
  const any = graph.node('ReduceMax', [join, graph.constant('both_axes', BigInt64Array.of(1n, 2n), [2])], 'any', {
    attributes: { keepdims: 0 },
  })
  const centred = graph.node('Sub', [any, graph.constant('half', Float32Array.of(0.5), [1])], 'centred')
  graph.output(graph.node('Mul', [centred, sure], 'odds'), 'float32', ['texts'])
  return graph.build()
}

/**
 * The smallest cross-encoder there is: the tokens of the query and those of the text are summed apart in a random table,
 * and the score is the product of both sums, so that a text which shares tokens with the query scores high.
 */
export function tinyCrossEncoder(options: { vocabularySize: number; seed: number }): Uint8Array {
  const width = 16
  const graph = new GraphBuilder('tiny-cross-encoder')
  for (const name of ['input_ids', 'attention_mask', 'token_type_ids']) graph.input(name, 'int64', ['batch', 'tokens'])
  const table = pseudoRandomTensor(options.seed, options.vocabularySize * width, 1)
  graph.constant('table', table, [options.vocabularySize, width])
  const embedded = graph.node('Gather', ['table', 'input_ids'], 'embedded', { attributes: { axis: 0 } })
  const turn = graph.constant('turn', pseudoRandomTensor(options.seed + 1, width * 16, 0.25), [width, 16])
  const states = graph.node('Add', [embedded, graph.node('MatMul', [embedded, turn], 'turned')], 'states')
  const textMask = graph.node('Mul', ['attention_mask', 'token_type_ids'], 'text_mask')
  const queryMask = graph.node('Sub', ['attention_mask', textMask], 'query_mask')
  const last = graph.constant('last_axis', BigInt64Array.of(-1n), [1])
  const tokens = graph.constant('tokens_axis', BigInt64Array.of(1n), [1])
  const sumOf = (mask: string) => {
    const column = graph.node('Unsqueeze', [mask, last], `${mask}_column`)
    const weights = graph.node('Cast', [column], `${mask}_weights`, { attributes: { to: 1 } })
    const own = graph.node('Mul', [states, weights], `${mask}_states`)
    return graph.node('ReduceSum', [own, tokens], `${mask}_sum`, { attributes: { keepdims: 0 } })
  }
  const product = graph.node('Mul', [sumOf(queryMask), sumOf(textMask)], 'product')
  graph.output(graph.node('ReduceSum', [product, last], 'scores', { attributes: { keepdims: 0 } }), 'float32', [
    'batch',
  ])
  return graph.build()
}

/** Random parameters of a hyper-head, by the names of docs/formats/model.md. */
export function tinyHyperHead(
  architecture: QNetArchitecture,
  hiddenWidth: number,
  seed: number,
): Map<string, NamedTensor> {
  const tensors = new Map<string, NamedTensor>()
  const add = (name: string, shape: number[]) => {
    const values = shape.reduce((product, size) => product * size, 1)
    // Keeps the generated weights near the size that trained ones have, whatever the widths.
    const scale = 1 / Math.sqrt(shape.at(-1)!)
    tensors.set(name, { shape, data: pseudoRandomTensor(seed + tensors.size, values, scale) })
  }
  const addTensor = (prefix: string, layer: { in: number; out: number }) => {
    for (const projection of ['key', 'value']) {
      add(`${prefix}.${projection}.weight`, [layer.in, hiddenWidth])
      add(`${prefix}.${projection}.bias`, [layer.in])
    }
    add(`${prefix}.query_embedding`, [layer.out, layer.in])
    add(`${prefix}.projection.weight`, [layer.in, layer.in])
    add(`${prefix}.projection.bias`, [layer.in])
    add(`${prefix}.base`, [layer.out, layer.in])
  }
  for (const [index, layer] of layerShapes(architecture).entries()) addTensor(`matrices.${index}`, layer)
  for (const [index, { out }] of coreLayers(architecture).entries()) addTensor(`biases.${index}`, { in: out, out: 1 })
  return tensors
}
