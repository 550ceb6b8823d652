/**
 * An encoder with plain operators in place of those that onnxruntime fuses for the CPU: its WebGPU provider has no attention
 * with a mask of padding ("`key_padding_mask` not implemented for webgpu", 1.30), and what it has no operator for is computed
 * on the CPU, between copies.
 */
import { type GraphProto, ModelProto, type NodeProto } from '@hypershard/proto/onnx'
import { GraphBuilder, microsoftDomain } from '../onnx/graph-builder.ts'
import { canBeWrittenAgain } from './quantise-encoder.ts'

/** Has Gelu; Split has `num_outputs` since 18. */
const opsetMin = 20
/** What onnxruntime adds to the scores of padding unless the operator says another. */
const hiddenScore = -10_000
const shared = { rows: 'spread.rows', middle: 'spread.middle', unit: 'spread.unit' }

/**
 * @param model an ONNX file
 * @returns the same without fused operators; the file itself where it has none that are known, or parts that cannot be
 *   written again
 */
export function spreadForDevice(model: Uint8Array): Uint8Array {
  const { graph, opsetImport } = ModelProto.decode(model)
  const opset = opsetImport.find(({ domain }) => domain === '')?.version ?? 0
  if (graph === undefined || opset < opsetMin || !canBeWrittenAgain(graph)) return model
  const spreads = new Map(graph.node.flatMap(node => toSpread(graph, node)))
  if (spreads.size === 0) return model
  const builder = GraphBuilder.rewriting(graph, opset)
  builder.constant(shared.rows, BigInt64Array.of(0n, 0n, -1n), [3])
  builder.constant(shared.middle, BigInt64Array.of(1n, 2n), [2])
  builder.constant(shared.unit, Float32Array.of(1), [])
  for (const node of graph.node) {
    const spread = spreads.get(node)
    if (spread === undefined) builder.copy(node)
    else spread(builder)
  }
  return builder.build()
}

type Spread = (builder: GraphBuilder) => void

/** Nothing where a node stays as it is. */
function toSpread(graph: GraphProto, node: NodeProto): [NodeProto, Spread][] {
  const { domain, opType, input, output } = node
  if (opType === 'Sum' && domain === '') return [[node, builder => addSum(builder, input, output[0]!)]]
  if (domain !== microsoftDomain || output.length !== 1) return []
  if (opType === 'BiasGelu') {
    return [[node, builder => void builder.node('Gelu', [builder.node('Add', input, `${output[0]}.sum`)], output[0]!)]]
  }
  const attention = opType === 'MultiHeadAttention' ? readAttention(graph, node) : undefined
  return attention === undefined ? [] : [[node, builder => addAttention(builder, node, attention)]]
}

interface Attention {
  readonly heads: number
  readonly scale: number
  readonly hidden: number
}

/** Queries, keys, values, their biases and a mask [texts, tokens], and nothing else. */
function readAttention(graph: GraphProto, { input, attribute }: NodeProto): Attention | undefined {
  const inputs = input.filter(name => name !== '')
  const biases = graph.initializer.find(({ name }) => name === input[3])
  if (inputs.length !== 5 || input.length !== 5 || biases === undefined) return undefined
  const named = (name: string) => attribute.find(one => one.name === name)
  if (attribute.some(({ name }) => !['num_heads', 'scale', 'mask_filter_value'].includes(name))) return undefined
  const heads = named('num_heads')?.i ?? 0
  const width = biases.dims[0]! / 3
  if (heads === 0) return undefined
  const scale = named('scale')?.f || 1 / Math.sqrt(width / heads)
  return { heads, scale, hidden: named('mask_filter_value')?.f ?? hiddenScore }
}

/** softmax(scale (Q + b) (K + c)' + mask) (V + d), by head. */
function addAttention(builder: GraphBuilder, { input, output }: NodeProto, { heads, scale, hidden }: Attention): void {
  const name = (value: string) => `${output[0]}.${value}`
  const [biases, mask] = [input[3]!, input[4]!]
  const parts = ['query', 'key', 'value'] as const
  const [bias, ...others] = parts.map(part => name(`${part}.bias`))
  builder.node('Split', [biases], bias!, { attributes: { axis: 0, num_outputs: 3 }, more: others })
  builder.constant(name('split'), BigInt64Array.of(0n, 0n, BigInt(heads), -1n), [4])
  const turned = { query: [0, 2, 1, 3], key: [0, 2, 3, 1], value: [0, 2, 1, 3] }
  const [query, key, value] = parts.map((part, at) => {
    const shifted = builder.node('Add', [input[at]!, name(`${part}.bias`)], name(`${part}.shifted`))
    const split = builder.node('Reshape', [shifted, name('split')], name(`${part}.split`))
    return builder.node('Transpose', [split], name(`${part}.heads`), { attributes: { perm: turned[part] } })
  }) as [string, string, string]
  const products = builder.node('MatMul', [query, key], name('products'))
  const scaled = builder.node(
    'Mul',
    [products, builder.constant(name('scale'), Float32Array.of(scale), [])],
    name('scaled'),
  )
  const tokens = builder.node('Cast', [mask], name('tokens'), { attributes: { to: 1 } })
  const padding = builder.node('Sub', [shared.unit, tokens], name('padding'))
  const wide = builder.node('Unsqueeze', [padding, shared.middle], name('padding.wide'))
  const cost = builder.node('Mul', [wide, builder.constant(name('hidden'), Float32Array.of(hidden), [])], name('cost'))
  const masked = builder.node('Add', [scaled, cost], name('masked'))
  const shares = builder.node('Softmax', [masked], name('shares'), { attributes: { axis: -1 } })
  const mixed = builder.node('MatMul', [shares, value], name('mixed'))
  const back = builder.node('Transpose', [mixed], name('back'), { attributes: { perm: [0, 2, 1, 3] } })
  builder.node('Reshape', [back, shared.rows], output[0]!)
}

function addSum(builder: GraphBuilder, input: readonly string[], output: string): void {
  let sum = input[0]!
  for (const [at, next] of input.slice(1).entries()) {
    sum = builder.node('Add', [sum, next], at + 2 === input.length ? output : `${output}.${at}`)
  }
  if (input.length === 1) builder.node('Identity', [sum], output)
}
