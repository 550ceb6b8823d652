import {
  type AttributeProto,
  type GraphProto,
  ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '@hypershard/proto/onnx'

/** ONNX element types by name; the numbers are the format's. */
export const elementTypes = Object.freeze({ float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 })
export type ElementType = keyof typeof elementTypes

type ConstantData = Float32Array | Float16Array | Int8Array | Uint8Array | BigInt64Array

/** A size, or the name of one that is known only when the graph runs. */
export type Dimension = number | string

export type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly graph: GraphBuilder }

/** The last opset and IR version that onnxruntime 1.20 and later all read. */
const opsetVersion = 21
const irVersion = 10
/** onnxruntime's own operators: fused int8 products and activations. */
export const microsoftDomain = 'com.microsoft'

/**
 * Writes an ONNX graph node by node. Every value has a name; `node` returns the name of what it computes, so that a
 * graph reads like the formula it stands for.
 * @example
 * ```ts
 * const graph = new GraphBuilder('doubled')
 * const x = graph.input('x', 'float32', ['rows', 4])
 * const two = graph.constant('two', Float32Array.of(2), [1])
 * graph.output(graph.node('Mul', [x, two], 'y'), 'float32', ['rows', 4])
 * const session = await createOnnxSession(graph.build(), { threads: 1 })
 * ```
 */
export class GraphBuilder {
  readonly #name: string
  #opset = opsetVersion
  readonly #nodes: NodeProto[] = []
  readonly #initializers: TensorProto[] = []
  readonly #inputs: ValueInfoProto[] = []
  readonly #outputs: ValueInfoProto[] = []
  #usesMicrosoftDomain = false
  /** Of a branch, the graph that it is in. */
  #outer: GraphBuilder | undefined

  constructor(name: string) {
    this.#name = name
  }

  /**
   * For writing a graph anew: inputs, outputs and constants are there already, and the nodes to come are of its operator
   * set. The caller copies those that stay.
   */
  static rewriting(graph: GraphProto, opset: number): GraphBuilder {
    const builder = new GraphBuilder(graph.name)
    builder.#opset = opset
    builder.#initializers.push(...graph.initializer)
    builder.#inputs.push(...graph.input)
    builder.#outputs.push(...graph.output)
    return builder
  }

  /**
   * A graph for an attribute of a node such as `If`: it reads this graph's values by their names, and what it wants as an
   * input becomes an input of this one, of any size: a run that does not take the branch feeds something small instead.
   */
  branch(name: string): GraphBuilder {
    const branch = new GraphBuilder(name)
    branch.#outer = this
    return branch
  }

  copy(node: NodeProto): void {
    if (node.domain === microsoftDomain) this.#useMicrosoftDomain()
    this.#nodes.push(node)
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): string {
    if (this.#outer !== undefined) {
      return this.#outer.input(
        name,
        type,
        shape.map((_, axis) => `${name}_${axis}`),
      )
    }
    this.#inputs.push(valueInfo(name, type, shape))
    return name
  }

  output(name: string, type: ElementType, shape: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(name, type, shape))
  }

  /** A constant: row-major `data` of this shape. */
  constant(name: string, data: ConstantData, shape: readonly number[]): string {
    const dataType = elementTypes[elementTypeOf(data)]
    const rawData = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    this.#initializers.push({ name, dims: [...shape], dataType, rawData })
    return name
  }

  /** Adds an operator whose first output is named `output`. Attributes: whole numbers are ints unless wrapped in `float`. */
  node(
    operator: string,
    inputs: readonly string[],
    output: string,
    options: {
      attributes?: Readonly<Record<string, AttributeValue>>
      domain?: string
      /** What it computes beside `output`. */
      more?: readonly string[]
    } = {},
  ): string {
    if (options.domain === microsoftDomain) this.#useMicrosoftDomain()
    this.#nodes.push({
      opType: operator,
      domain: options.domain ?? '',
      name: output,
      input: [...inputs],
      output: [output, ...(options.more ?? [])],
      attribute: Object.entries(options.attributes ?? {}).map(([key, value]) => GraphBuilder.#attribute(key, value)),
    })
    return output
  }

  /** The finished model in ONNX's file format. */
  build(): Uint8Array {
    const microsoft = this.#usesMicrosoftDomain ? [{ domain: microsoftDomain, version: 1 }] : []
    const model = ModelProto.fromPartial({
      irVersion,
      producerName: 'hypershard',
      opsetImport: [{ domain: '', version: this.#opset }, ...microsoft],
      graph: this.#toGraph(),
    })
    return ModelProto.encode(model).finish()
  }

  /** A model says what its graph and all branches of that use. */
  #useMicrosoftDomain(): void {
    this.#usesMicrosoftDomain = true
    if (this.#outer !== undefined) this.#outer.#useMicrosoftDomain()
  }

  #toGraph(): GraphProto {
    const graph = { name: this.#name, node: this.#nodes, initializer: this.#initializers }
    return { ...graph, input: this.#inputs, output: this.#outputs }
  }

  /** `type` of an AttributeProto: 1 float, 2 int, 3 string, 5 graph, 7 ints. */
  static #attribute(name: string, value: AttributeValue): AttributeProto {
    const empty = { name, f: 0, i: 0, s: Buffer.alloc(0), t: undefined, g: undefined, floats: [], ints: [] }
    if (typeof value === 'number') return { ...empty, i: value, type: 2 }
    if (typeof value === 'string') return { ...empty, s: Buffer.from(value), type: 3 }
    if ('float' in value) return { ...empty, f: value.float, type: 1 }
    if ('graph' in value) return { ...empty, g: value.graph.#toGraph(), type: 5 }
    return { ...empty, ints: [...value], type: 7 }
  }
}

function valueInfo(name: string, type: ElementType, shape: readonly Dimension[]): ValueInfoProto {
  const dim = shape.map(size =>
    typeof size === 'number'
      ? { value: { $case: 'dimValue' as const, value: size } }
      : { value: { $case: 'dimParam' as const, value: size } },
  )
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } }
}

function elementTypeOf(data: ConstantData): ElementType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Float16Array) return 'float16'
  if (data instanceof Int8Array) return 'int8'
  if (data instanceof Uint8Array) return 'uint8'
  return 'int64'
}
