import { defineMetrics } from '@hypershard/common'

/** Of files that nothing needs any more. */
export const collectMetrics = defineMetrics({
  files: {
    kind: 'counter',
    name: 'hypershard_collected_files_total',
    help: 'Objects that were deleted from the store because nothing needs them any more.',
    labels: [],
  },
})
