/**
 * Reads `ExportTraceServiceRequest` as far as tests look at it
 * (https://github.com/open-telemetry/opentelemetry-proto, trace/v1/trace.proto): resource spans → scope spans → spans.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import type { SeenSpan } from './seen-span.ts'

type Value = Uint8Array | bigint | number
/** Values by field number, in their order. */
type Fields = ReadonlyMap<number, readonly Value[]>

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
/** `STATUS_CODE_ERROR`. */
const failedStatus = 2n

export function decodeExport(body: Uint8Array): SeenSpan[] {
  return messages(fieldsOf(body), 1).flatMap(resourceSpans => {
    const [resource] = messages(resourceSpans, 1)
    const service = String(resource === undefined ? '' : attributesOf(resource, 1)['service.name'])
    const scopes = messages(resourceSpans, 2)
    return scopes.flatMap(scope => messages(scope, 2)).map(span => spanOf(span, service))
  })
}

function spanOf(span: Fields, service: string): SeenSpan {
  const [status] = messages(span, 15)
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentId: hex(span, 4),
    name: text(span, 5),
    kind: kinds[Number(span.get(6)?.[0] ?? 0)]!,
    service,
    startMs: milliseconds(span, 7),
    endMs: milliseconds(span, 8),
    attributes: attributesOf(span, 9),
    failed: status?.get(3)?.[0] === failedStatus,
    links: messages(span, 13).map(link => hex(link, 2)),
  }
}

function attributesOf(message: Fields, field: number): Record<string, unknown> {
  return Object.fromEntries(
    messages(message, field).map(attribute => [text(attribute, 1), anyValueOf(messages(attribute, 2)[0]!)]),
  )
}

/** `AnyValue`: a string, a boolean, a whole number or a double. */
function anyValueOf(value: Fields): unknown {
  if (value.has(1)) return text(value, 1)
  if (value.has(2)) return value.get(2)![0] !== 0n
  if (value.has(3)) return Number(BigInt.asIntN(64, value.get(3)![0] as bigint))
  const bits = value.get(4)?.[0] as bigint | undefined
  return bits === undefined ? undefined : new Float64Array(BigUint64Array.of(bits).buffer)[0]
}

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes)
  const fields = new Map<number, Value[]>()
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    fields.set(field, [...(fields.get(field) ?? []), read(reader, type)])
  }
  return fields
}

function read(reader: BinaryReader, type: WireType): Value {
  if (type === WireType.Varint) return BigInt(reader.uint64())
  if (type === WireType.Bit64) return BigInt(reader.fixed64())
  return type === WireType.Bit32 ? reader.fixed32() : reader.bytes()
}

function messages(message: Fields, field: number): Fields[] {
  return (message.get(field) ?? []).map(bytes => fieldsOf(bytes as Uint8Array))
}

function text(message: Fields, field: number): string {
  return Buffer.from((message.get(field)?.[0] as Uint8Array | undefined) ?? []).toString('utf8')
}

function hex(message: Fields, field: number): string {
  return Buffer.from((message.get(field)?.[0] as Uint8Array | undefined) ?? []).toString('hex')
}

function milliseconds(message: Fields, field: number): number {
  return Number(message.get(field)?.[0] ?? 0n) / 1e6
}
