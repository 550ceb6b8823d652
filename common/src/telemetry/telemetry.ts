import { type Logger, silentLogger } from '../logging.ts'
import { type Meter, quietMeter } from './metrics.ts'
import { quietTracer, type Tracer } from './tracing.ts'

/** How a process is seen from outside: what it logs, counts and traces. One value, which each start is given. */
export interface Telemetry {
  readonly log: Logger
  readonly meter: Meter
  readonly tracer: Tracer
}

/** Says, counts and traces nothing but what is given, for tests and for embedding. */
export function quietTelemetry({
  log = silentLogger(),
  meter = quietMeter,
  tracer = quietTracer,
}: Partial<Telemetry> = {}): Telemetry {
  return { log, meter, tracer }
}
