import { GraphBuilder } from '@hypershard/qnet'
import { pseudoRandomTensor } from './pseudo-random.ts'

export interface TinyBertOptions {
  readonly vocabularySize: number
  /** A multiple of two, the heads. */
  readonly hiddenWidth: number
  readonly layers: number
  /** Places of tokens that it knows. */
  readonly tokensMax: number
  readonly seed: number
}

const heads = 2

/** A BERT with random parameters and every operator of a real one: its states depend on all tokens of their text. */
export function tinyBert(options: TinyBertOptions): Uint8Array {
  const { hiddenWidth, layers } = options
  const graph = new GraphBuilder('tiny-bert')
  const bert = new BertWriter(graph, options)
  const mask = bert.attentionMask()
  let states = bert.embed()
  for (let layer = 0; layer < layers; layer++) states = bert.layer(states, mask, `layer${layer}`)
  graph.node('Identity', [states], 'token_states')
  graph.output('token_states', 'float32', ['batch', 'tokens', hiddenWidth])
  return graph.build()
}

class BertWriter {
  readonly #graph: GraphBuilder
  readonly #options: TinyBertOptions
  #seed: number

  constructor(graph: GraphBuilder, options: TinyBertOptions) {
    this.#graph = graph
    this.#options = options
    this.#seed = options.seed
    graph.input('input_ids', 'int64', ['batch', 'tokens'])
    graph.input('attention_mask', 'int64', ['batch', 'tokens'])
    for (const [name, value] of [
      ['zero', 0],
      ['one', 1],
      ['two', 2],
      ['minus_one', -1],
    ] as const) {
      graph.constant(name, BigInt64Array.of(BigInt(value)), [1])
    }
    graph.constant('unit', Float32Array.of(1), [1])
  }

  /** 0 for tokens and a large negative number for padding: [batch, 1, 1, tokens]. */
  attentionMask(): string {
    const graph = this.#graph
    graph.constant('mask_axes', BigInt64Array.of(1n, 2n), [2])
    graph.constant('hidden', Float32Array.of(-10_000), [1])
    const mask = graph.node('Cast', ['attention_mask'], 'mask', { attributes: { to: 1 } })
    const wide = graph.node('Unsqueeze', [mask, 'mask_axes'], 'mask_wide')
    return graph.node('Mul', [graph.node('Sub', ['unit', wide], 'mask_left'), 'hidden'], 'mask_added')
  }

  embed(): string {
    const graph = this.#graph
    const { vocabularySize, hiddenWidth, tokensMax } = this.#options
    const words = graph.node(
      'Gather',
      [this.#random('words', [vocabularySize, hiddenWidth]), 'input_ids'],
      'word_states',
    )
    const shape = graph.node('Shape', ['input_ids'], 'shape')
    const tokens = graph.node('Slice', [shape, 'one', 'two', 'zero'], 'tokens_count')
    const table = this.#random('places', [tokensMax, hiddenWidth])
    const places = graph.node('Slice', [table, 'zero', tokens, 'zero'], 'place_states')
    return this.#norm(graph.node('Add', [words, places], 'embedded'), 'embedded')
  }

  layer(states: string, mask: string, name: string): string {
    const graph = this.#graph
    const { hiddenWidth } = this.#options
    const size = hiddenWidth / heads
    graph.constant(`${name}_split`, BigInt64Array.of(0n, 0n, BigInt(heads), BigInt(size)), [4])
    graph.constant(`${name}_joined`, BigInt64Array.of(0n, 0n, BigInt(hiddenWidth)), [3])
    const part = (what: string, perm: number[]) => {
      const all = this.#linear(states, `${name}_${what}`, [hiddenWidth, hiddenWidth])
      const split = graph.node('Reshape', [all, `${name}_split`], `${name}_${what}_split`)
      return graph.node('Transpose', [split], `${name}_${what}_heads`, { attributes: { perm } })
    }
    const [query, key, value] = [part('query', [0, 2, 1, 3]), part('key', [0, 2, 3, 1]), part('value', [0, 2, 1, 3])]
    graph.constant(`${name}_scale`, Float32Array.of(1 / Math.sqrt(size)), [1])
    const products = graph.node('MatMul', [query, key], `${name}_products`)
    const scaled = graph.node('Mul', [products, `${name}_scale`], `${name}_scaled`)
    const masked = graph.node('Add', [scaled, mask], `${name}_masked`)
    const shares = graph.node('Softmax', [masked], `${name}_shares`, { attributes: { axis: -1 } })
    const mixed = graph.node('MatMul', [shares, value], `${name}_mixed`)
    const turned = graph.node('Transpose', [mixed], `${name}_turned`, { attributes: { perm: [0, 2, 1, 3] } })
    const joined = graph.node('Reshape', [turned, `${name}_joined`], `${name}_all`)
    const attended = this.#linear(joined, `${name}_out`, [hiddenWidth, hiddenWidth])
    const first = this.#norm(graph.node('Add', [states, attended], `${name}_first`), `${name}_first`)
    const wide = this.#linear(first, `${name}_wide`, [hiddenWidth, 2 * hiddenWidth])
    const active = graph.node('Gelu', [wide], `${name}_active`)
    const narrow = this.#linear(active, `${name}_narrow`, [2 * hiddenWidth, hiddenWidth])
    return this.#norm(graph.node('Add', [first, narrow], `${name}_second`), `${name}_second`)
  }

  #linear(input: string, name: string, shape: [number, number]): string {
    const product = this.#graph.node('MatMul', [input, this.#random(`${name}_weights`, shape)], `${name}_product`)
    return this.#graph.node('Add', [product, this.#random(`${name}_bias`, [shape[1]])], name)
  }

  #norm(input: string, name: string): string {
    const graph = this.#graph
    const { hiddenWidth } = this.#options
    graph.constant(`${name}_gain`, new Float32Array(hiddenWidth).fill(1), [hiddenWidth])
    const inputs = [input, `${name}_gain`, this.#random(`${name}_shift`, [hiddenWidth])]
    return graph.node('LayerNormalization', inputs, `${name}_normed`, { attributes: { axis: -1 } })
  }

  #random(name: string, shape: number[]): string {
    const values = shape.reduce((product, size) => product * size, 1)
    return this.#graph.constant(name, pseudoRandomTensor(this.#seed++, values, 1 / Math.sqrt(shape[0]!)), shape)
  }
}
