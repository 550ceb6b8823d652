/**
 * An encoder's products in int8. Every MatMul with constant weights W [in, out] becomes, for each row x of its input,
 *
 *   r = max |x|,  q = round(127 x / r) + 128 as u8,  y[c] = r / 127 scale[c] sum_i (q[i] - 128) Q[i, c]
 *
 * with W ~ Q scale in int8, a scale an output column. A row's result depends on that row alone, so a text has one vector
 * whatever texts are beside it. That is what one digit says of x; most products have two: what rounding left of x is
 * quantised again with a 254th of the scale and multiplied too. After GELU, whose values are never below -0.17, one digit is
 * enough when it counts from there: q = round(255 (x + 0.17) / max (x + 0.17)).
 */
import { type GraphProto, ModelProto, type NodeProto, type TensorProto } from '@hypershard/proto/onnx'
import { elementTypes, GraphBuilder, microsoftDomain } from '../onnx/graph-builder.ts'
import { createOnnxSession, floatOutput, Tensor } from '../onnx/session.ts'

/** Weights of one product: `w[i, c] ~ integers[i, c] * scales[c]`, row-major [rows, columns]. */
interface Int8Weights {
  readonly integers: Int8Array
  readonly scales: Float32Array
  readonly rows: number
  readonly columns: number
}

/** How the activations of a product are written. */
type Digits = 'one' | 'two' | 'from the floor'

interface Product {
  readonly weights: Int8Weights
  readonly digits: Digits
}

/** A little below the least value of GELU, -0.169971. */
const geluFloor = 0.17
const geluOperators: ReadonlySet<string> = new Set(['Gelu', 'BiasGelu', 'FastGelu'])

/** What our exporters put after the product of an attention's heads, which one digit is enough for: a residual sum. */
const residualSum = 'Sum'

/** From here on, ReduceMax takes its axes as an input; no graph of a transformer is exported in an older set today. */
const opsetMin = 18
const integerMax = 127
/** Keeps a row of zeros from being divided by zero. */
const largestMin = 1e-10
/** Of AttributeProto: float, int, string, tensor, floats, ints. What else there is would be lost in writing. */
const attributeTypesRead = new Set([1, 2, 3, 4, 6, 7])
/** Of TensorProto. */
const float16 = 10

/**
 * @param model an ONNX file
 * @returns the same with int8 products; undefined where there are none to make, or the file has parts that this cannot
 *   write again (operators of other domains, graphs in attributes, a set before 18, constants outside of `raw_data`)
 */
export function quantiseEncoder(model: Uint8Array): Uint8Array | undefined {
  const { graph, opsetImport } = ModelProto.decode(model)
  const opset = opsetImport.find(({ domain }) => domain === '')?.version ?? 0
  if (graph === undefined || opset < opsetMin || !canBeWrittenAgain(graph)) return undefined
  const constants = new ConstantReader(graph)
  const digitsOf = digitsReader(graph)
  const products = new Map<NodeProto, Product>()
  for (const node of graph.node) {
    const weights = node.opType === 'MatMul' ? readWeights(node, constants) : undefined
    if (weights !== undefined) products.set(node, { weights, digits: digitsOf(node) })
  }
  if (products.size === 0) return undefined
  const read = namesRead(graph, products)
  const initializer = graph.initializer.filter(({ name }) => read.has(name))
  const builder = GraphBuilder.rewriting({ ...graph, initializer }, opset)
  addSharedConstants(builder)
  for (const node of graph.node) {
    const product = products.get(node)
    if (product !== undefined) addProduct(builder, node, product)
    else if (node.output.some(name => read.has(name))) builder.copy(node)
  }
  return builder.build()
}

function digitsReader(graph: GraphProto): (product: NodeProto) => Digits {
  const outputsOf = graph.node.filter(({ opType }) => geluOperators.has(opType)).flatMap(({ output }) => output)
  const aboveFloor = new Set(outputsOf)
  const summed = new Set(graph.node.flatMap(({ opType, input }) => (opType === residualSum ? input : [])))
  return ({ input, output }) => {
    if (aboveFloor.has(input[0]!)) return 'from the floor'
    return summed.has(output[0]!) ? 'one' : 'two'
  }
}

/**
 * Whether this processor adds int8 products exactly. Without VNNI, x86 adds two in 16 bits and cuts off what is beyond
 * (`vpmaddubsw`), which ruins vectors; weights made so small that nothing is cut off ruin them nearly as much.
 */
export async function int8ProductsAreExact(): Promise<boolean> {
  const inputs = 64
  const graph = new GraphBuilder('exactness')
  graph.input('integers', 'uint8', ['rows', inputs])
  const one = graph.constant('one', Float32Array.of(1), [])
  const largest = graph.constant('largest', new Int8Array(inputs * 16).fill(integerMax), [inputs, 16])
  graph.node('MatMulIntegerToFloat', ['integers', largest, one, one], 'product', { domain: microsoftDomain })
  graph.output('product', 'float32', ['rows', 16])
  const session = await createOnnxSession(graph.build(), { threads: 1 })
  const integers = new Tensor('uint8', new Uint8Array(4 * inputs).fill(255), [4, inputs])
  const products = floatOutput(await session.run({ integers }), 'product')
  await session.release()
  return products.every(product => product === inputs * 255 * integerMax)
}

/** What is read once the products have weights of their own: not what the old ones were unpacked with. */
function namesRead(graph: GraphProto, products: ReadonlyMap<NodeProto, Product>): Set<string> {
  const read = new Set(graph.output.map(({ name }) => name))
  for (const node of graph.node.toReversed()) {
    if (!node.output.some(name => read.has(name))) continue
    for (const name of products.has(node) ? node.input.slice(0, 1) : node.input) read.add(name)
  }
  return read
}

const shared = {
  unit: 'int8.unit',
  secondUnit: 'int8.second_unit',
  middle: 'int8.middle',
  floorUnit: 'int8.floor_unit',
  bottom: 'int8.bottom',
  floor: 'int8.floor',
  last: 'int8.last_axis',
  least: 'int8.largest_min',
}

function addSharedConstants(builder: GraphBuilder): void {
  builder.constant(shared.unit, Float32Array.of(1 / integerMax), [])
  builder.constant(shared.secondUnit, Float32Array.of(1 / (integerMax * 2 * integerMax)), [])
  builder.constant(shared.middle, Uint8Array.of(128), [])
  builder.constant(shared.floorUnit, Float32Array.of(1 / 255), [])
  builder.constant(shared.bottom, Uint8Array.of(0), [])
  builder.constant(shared.floor, Float32Array.of(geluFloor), [])
  builder.constant(shared.last, BigInt64Array.of(-1n), [1])
  builder.constant(shared.least, Float32Array.of(largestMin), [])
}

/**
 * A row is divided by its largest value first and then quantised with one scale for all: onnxruntime's quantisation by row
 * wants rows and scales reshaped before and after, which takes as long for long texts and longer for short ones.
 */
function addProduct(builder: GraphBuilder, { input, output }: NodeProto, { weights, digits }: Product): void {
  const [x, y] = [input[0]!, output[0]!]
  builder.constant(`${y}.int8`, weights.integers, [weights.rows, weights.columns])
  builder.constant(`${y}.scales`, weights.scales, [weights.columns])
  if (digits === 'from the floor') {
    const scaled = addScaling(builder, y, builder.node('Add', [x, shared.floor], `${y}.positive`))
    const product = addDigit(builder, y, { values: scaled, unit: shared.floorUnit, zero: shared.bottom }).product
    const ofRow = builder.node('Mul', [product, `${y}.largest`], `${y}.above_floor`)
    const correction = builder.constant(`${y}.correction`, correctionOf(weights), [weights.columns])
    builder.node('Add', [ofRow, correction], y)
    return
  }
  const scaled = addScaling(builder, y, x, builder.node('Abs', [x], `${y}.size`))
  const first = addDigit(builder, y, { values: scaled, unit: shared.unit, zero: shared.middle })
  let product = first.product
  if (digits === 'two') {
    const said = builder.node('DequantizeLinear', [first.integers, shared.unit, shared.middle], `${y}.said`)
    const rest = builder.node('Sub', [scaled, said], `${y}.rest`)
    const second = addDigit(builder, y, { values: rest, unit: shared.secondUnit, zero: shared.middle })
    product = builder.node('Add', [product, second.product], `${y}.both`)
  }
  builder.node('Mul', [product, `${y}.largest`], y)
}

/** Rows divided by their largest `size`, which is left as `<y>.largest`. */
function addScaling(builder: GraphBuilder, y: string, values: string, size = values): string {
  const largest = builder.node('ReduceMax', [size, shared.last], `${y}.maximum`, { attributes: { keepdims: 1 } })
  builder.node('Max', [largest, shared.least], `${y}.largest`)
  return builder.node('Mul', [values, builder.node('Reciprocal', [`${y}.largest`], `${y}.inverse`)], `${y}.scaled`)
}

function addDigit(
  builder: GraphBuilder,
  y: string,
  { values, unit, zero }: { values: string; unit: string; zero: string },
): { integers: string; product: string } {
  const integers = builder.node('QuantizeLinear', [values, unit, zero], `${values}.integers`)
  const inputs = [integers, `${y}.int8`, unit, `${y}.scales`, zero]
  const product = builder.node('MatMulIntegerToFloat', inputs, `${integers}.product`, { domain: microsoftDomain })
  return { integers, product }
}

/** What counting from the floor adds to each column: the floor times the column's sum. */
function correctionOf({ integers, scales, columns }: Int8Weights): Float32Array {
  const correction = new Float32Array(columns)
  for (let at = 0; at < integers.length; at++) correction[at % columns]! += integers[at]!
  return correction.map((sum, column) => -geluFloor * sum * scales[column]!)
}

/** Weights of a MatMul, where they are constant and a matrix. */
function readWeights({ domain, input }: NodeProto, constants: ConstantReader): Int8Weights | undefined {
  const weights = domain === '' ? constants.read(input[1]!) : undefined
  if (weights === undefined || weights.shape.length !== 2) return undefined
  const [rows, columns] = weights.shape as [number, number]
  const quantised =
    'integers' in weights
      ? { ...weights, integers: weights.integers.slice() }
      : quantiseColumns(weights.values, columns)
  if (quantised.scales.length !== columns) return undefined
  return { ...quantised, rows, columns }
}

/** Symmetric, the largest of a column at 127. */
function quantiseColumns(values: Float32Array, columns: number): { integers: Int8Array; scales: Float32Array } {
  const scales = new Float32Array(columns)
  for (const [at, value] of values.entries()) {
    const column = at % columns
    scales[column] = Math.max(scales[column]!, Math.abs(value))
  }
  for (const [column, largest] of scales.entries()) scales[column] = largest === 0 ? 1 : largest / integerMax
  const integers = new Int8Array(values.length)
  for (const [at, value] of values.entries()) integers[at] = Math.round(value / scales[at % columns]!)
  return { integers, scales }
}

type Constant = { readonly shape: readonly number[] } & (
  | { readonly values: Float32Array }
  | { readonly integers: Int8Array; readonly scales: Float32Array }
)

/** Constants as graphs store weights: f32 or f16 plainly, f16 behind a Cast, or int8 behind a Cast and a Mul by columns. */
class ConstantReader {
  readonly #tensors: ReadonlyMap<string, TensorProto>
  readonly #producers: ReadonlyMap<string, NodeProto>

  constructor(graph: GraphProto) {
    this.#tensors = new Map(graph.initializer.map(tensor => [tensor.name, tensor]))
    this.#producers = new Map(graph.node.flatMap(node => node.output.map(name => [name, node] as const)))
  }

  read(name: string): Constant | undefined {
    const values = this.#floats(name)
    if (values !== undefined) return { values, shape: this.#tensors.get(this.#uncast(name))!.dims }
    const scaling = this.#producers.get(name)
    if (scaling?.opType !== 'Mul') return undefined
    const integers = this.#tensors.get(this.#uncast(scaling.input[0]!))
    const scales = this.#floats(scaling.input[1]!)
    if (integers?.dataType !== elementTypes.int8 || scales === undefined) return undefined
    const { buffer, byteOffset, byteLength } = integers.rawData
    return { integers: new Int8Array(buffer, byteOffset, byteLength), scales, shape: integers.dims }
  }

  /** What a Cast reads; any other name stands for itself. */
  #uncast(name: string): string {
    const node = this.#producers.get(name)
    return node?.opType === 'Cast' ? node.input[0]! : name
  }

  #floats(name: string): Float32Array | undefined {
    const tensor = this.#tensors.get(this.#uncast(name))
    if (tensor === undefined) return undefined
    // A copy, since a view needs its bytes aligned.
    const { buffer } = Uint8Array.from(tensor.rawData)
    if (tensor.dataType === elementTypes.float32) return new Float32Array(buffer)
    return tensor.dataType === float16 ? Float32Array.from(new Float16Array(buffer)) : undefined
  }
}

/** Whether our excerpt of the format (`proto/onnx/onnx.proto`) holds all that this graph says. */
export function canBeWrittenAgain({ node, initializer }: GraphProto): boolean {
  if (!node.every(({ domain }) => domain === '' || domain === microsoftDomain)) return false
  const attributes = node.flatMap(({ attribute }) => attribute)
  if (!attributes.every(({ type }) => attributeTypesRead.has(type))) return false
  const tensors = [...initializer, ...attributes.flatMap(({ t }) => t ?? [])]
  return tensors.every(({ dims, rawData }) => rawData.byteLength > 0 || dims.includes(0))
}
