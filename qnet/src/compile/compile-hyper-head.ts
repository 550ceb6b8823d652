/**
 * The hyper-head as an ONNX graph: a query's token states in, its q-net's weights out.
 *
 * For each weight matrix of shape (in, out), with the published parameter names' roles (jfkback/hypencoder-paper,
 * modeling/hypencoder.py, `_get_weights_and_biases`):
 *
 *   K = key(states), V = value(states)                   [tokens, in]
 *   C = softmax(E K^T / sqrt(out)) V, padding left out   [out, in]
 *   W = (projection(layernorm(relu(C))) + base)^T        [in, out]
 *
 * Mind the divisor: the *out* dimension, not the width of the keys. A bias is the same with the shape (width, 1).
 */
import { HypershardError } from '@hypershard/common'
import { coreLayers, type LayerShape, layerShapes, type QNetArchitecture } from '../architecture.ts'
import { GraphBuilder } from '../onnx/graph-builder.ts'
import { allFinite } from '../weights/weights.ts'

export interface HyperHeadParameter {
  readonly shape: readonly number[]
  /** Row-major. */
  readonly data: Float32Array
}

/** By name: `matrices.<i>.key.weight` and so on; docs/formats/model.md lists them. */
export type HyperHeadParameters = ReadonlyMap<string, HyperHeadParameter>

const layerNormEpsilon = 1e-5

/**
 * Inputs: `token_states` f32 [batch, tokens, modelWidth], `attention_mask` int64 [batch, tokens]. Outputs: `matrix_i` f32
 * [batch, in, out] for every layer, `bias_i` f32 [batch, out] for the core layers.
 * @param modelWidth width of the token states
 * @throws HypershardError `invalid_model` for a parameter that is missing, misshapen or not finite
 */
export function compileHyperHead(
  architecture: QNetArchitecture,
  modelWidth: number,
  parameters: HyperHeadParameters,
): Uint8Array {
  const graph = new GraphBuilder('hyper-head')
  graph.input('token_states', 'float32', ['batch', 'tokens', modelWidth])
  graph.input('attention_mask', 'int64', ['batch', 'tokens'])
  addPaddingPenalty(graph)
  graph.node('Transpose', ['token_states'], 'turned_states', { attributes: { perm: [0, 2, 1] } })
  const head: Head = { graph, modelWidth, parameters }
  for (const [index, shape] of layerShapes(architecture).entries()) {
    addGeneratedTensor(head, `matrices.${index}`, shape, `matrix_${index}`)
    graph.output(`matrix_${index}`, 'float32', ['batch', shape.in, shape.out])
  }
  const columnAxis = graph.constant('column_axis', BigInt64Array.of(2n), [1])
  for (const [index, { out }] of coreLayers(architecture).entries()) {
    const generated = addGeneratedTensor(head, `biases.${index}`, { in: out, out: 1 }, `biases.${index}.generated`)
    graph.node('Squeeze', [generated, columnAxis], `bias_${index}`)
    graph.output(`bias_${index}`, 'float32', ['batch', out])
  }
  return graph.build()
}

interface Head {
  readonly graph: GraphBuilder
  readonly modelWidth: number
  readonly parameters: HyperHeadParameters
}

/** 0 for tokens and minus infinity for padding, as [batch, 1, tokens]: added before the softmax. */
function addPaddingPenalty(graph: GraphBuilder): void {
  const isToken = graph.node('Cast', ['attention_mask'], 'is_token', { attributes: { to: 9 } })
  const zero = graph.constant('zero', Float32Array.of(0), [])
  const never = graph.constant('never', Float32Array.of(Number.NEGATIVE_INFINITY), [])
  const penalty = graph.node('Where', [isToken, zero, never], 'penalty')
  graph.node('Unsqueeze', [penalty, graph.constant('query_axis', BigInt64Array.of(1n), [1])], 'padding_penalty')
}

/**
 * What the hyper-head generates for one tensor: [batch, in, out].
 *
 * Written so that onnxruntime folds what does not depend on the query when it opens the graph. E K^T is (E Wk) S^T for token
 * states S: the key's bias adds the same to every token of a row, which the softmax takes away again. The last product
 * is taken transposed, P N^T, which its matrix product reads without a copy.
 */
function addGeneratedTensor(head: Head, name: string, shape: LayerShape, output: string): string {
  const { graph } = head
  addParameter(head, `${name}.key.bias`, [shape.in])
  const embedding = addParameter(head, `${name}.query_embedding`, [shape.out, shape.in], 1 / Math.sqrt(shape.out))
  const key = addParameter(head, `${name}.key.weight`, [shape.in, head.modelWidth])
  const query = graph.node('MatMul', [embedding, key], `${name}.query`)
  const similarity = graph.node('MatMul', [query, 'turned_states'], `${name}.similarity`)
  const penalised = graph.node('Add', [similarity, 'padding_penalty'], `${name}.penalised`)
  const attention = graph.node('Softmax', [penalised], `${name}.attention`, { attributes: { axis: -1 } })
  const values = addLinear(head, 'token_states', `${name}.value`, [shape.in, head.modelWidth])
  const context = graph.node('MatMul', [attention, values], `${name}.context`)
  const positive = graph.node('Relu', [context], `${name}.positive`)
  const ones = graph.constant(`${name}.ones`, new Float32Array(shape.in).fill(1), [shape.in])
  const normed = graph.node('LayerNormalization', [positive, ones], `${name}.normed`, {
    attributes: { axis: -1, epsilon: { float: layerNormEpsilon } },
  })
  const turned = graph.node('Transpose', [normed], `${name}.turned`, { attributes: { perm: [0, 2, 1] } })
  const projection = addParameter(head, `${name}.projection.weight`, [shape.in, shape.in])
  const product = graph.node('MatMul', [projection, turned], `${name}.product`)
  return graph.node('Add', [product, addOffset(head, name, shape)], output)
}

/** What is added to every q-net's tensor, its base and the projection's bias: a constant [in, out]. */
function addOffset(head: Head, name: string, shape: LayerShape): string {
  const base = addParameter(head, `${name}.base`, [shape.out, shape.in])
  const bias = addParameter(head, `${name}.projection.bias`, [shape.in])
  const sum = head.graph.node('Add', [base, bias], `${name}.offset_rows`)
  return head.graph.node('Transpose', [sum], `${name}.offset`, { attributes: { perm: [1, 0] } })
}

/** torch's `nn.Linear`: weight [out, in], bias [out]. */
function addLinear(head: Head, input: string, name: string, shape: readonly [number, number]): string {
  const weight = addParameter(head, `${name}.weight`, shape)
  const bias = addParameter(head, `${name}.bias`, [shape[0]])
  const turned = head.graph.node('Transpose', [weight], `${name}.turned`, { attributes: { perm: [1, 0] } })
  return head.graph.node('Add', [head.graph.node('MatMul', [input, turned], `${name}.product`), bias], `${name}.output`)
}

function addParameter(head: Head, name: string, shape: readonly number[], factor = 1): string {
  const parameter = head.parameters.get(name)
  if (parameter === undefined) throw new HypershardError('invalid_model', `hyper-head: ${name} is missing`)
  if (parameter.shape.join() !== shape.join()) {
    const message = `hyper-head: ${name} has shape [${parameter.shape.join(', ')}], not [${shape.join(', ')}]`
    throw new HypershardError('invalid_model', message)
  }
  if (!allFinite(parameter.data))
    throw new HypershardError('invalid_model', `hyper-head: ${name} has a NaN or infinity`)
  const data = factor === 1 ? parameter.data : parameter.data.map(value => value * factor)
  return head.graph.constant(name, data, shape)
}
