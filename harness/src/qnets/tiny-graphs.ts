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
