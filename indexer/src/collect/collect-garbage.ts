import type { JobParts } from '../run-job.ts'

export async function collectGarbage(_parts: JobParts, _signal: AbortSignal): Promise<void> {}
