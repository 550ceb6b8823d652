/**
 * What prom-client measures of every process by itself, by its own names: the event loop's delay, garbage collection,
 * memory, processor time, open files.
 */
export const processMetrics: readonly { readonly name: string; readonly kind: string; readonly help: string }[] = [
  ...[
    ['process_cpu_user_seconds_total', 'Processor time of the program itself, all threads together.'],
    ['process_cpu_system_seconds_total', 'Processor time that the system took for it.'],
    ['process_cpu_seconds_total', 'Both together.'],
  ].map(([name, help]) => ({ name: name!, kind: 'counter', help: help! })),
  ...[
    ['process_start_time_seconds', 'When the process started, in seconds since 1970.'],
    ['process_resident_memory_bytes', 'Memory that it takes of the machine.'],
    ['process_virtual_memory_bytes', 'Memory that it has mapped.'],
    ['process_heap_bytes', 'Its data segment.'],
    ['process_open_fds', 'Files and connections that it has open.'],
    ['process_max_fds', 'How many it may have open.'],
    ['nodejs_eventloop_lag_seconds', 'How late the main thread came to a timer that was set for now.'],
    [
      'nodejs_eventloop_lag_min_seconds',
      'Between two looks of the main thread, 0.05 apart when nothing holds it up: the shortest since the last scrape.',
    ],
    ['nodejs_eventloop_lag_max_seconds', 'The longest.'],
    ['nodejs_eventloop_lag_mean_seconds', 'The mean.'],
    ['nodejs_eventloop_lag_stddev_seconds', 'The standard deviation.'],
    ['nodejs_eventloop_lag_p50_seconds', 'What half of them stay below.'],
    ['nodejs_eventloop_lag_p90_seconds', 'What nine of ten stay below.'],
    ['nodejs_eventloop_lag_p99_seconds', 'What 99 of 100 stay below.'],
    ['nodejs_active_resources', 'What keeps the main thread alive, by type.'],
    ['nodejs_active_resources_total', 'All of these together.'],
    ['nodejs_active_handles', 'Handles that are open, by type.'],
    ['nodejs_active_handles_total', 'All of these together.'],
    ['nodejs_active_requests', 'Requests to the system that are under way, by type.'],
    ['nodejs_active_requests_total', 'All of these together.'],
    ['nodejs_heap_size_total_bytes', 'The heap of the main thread.'],
    ['nodejs_heap_size_used_bytes', 'What of the heap is used.'],
    ['nodejs_external_memory_bytes', 'Memory of buffers, outside of the heap.'],
    ['nodejs_heap_space_size_total_bytes', 'Each space of the heap.'],
    ['nodejs_heap_space_size_used_bytes', 'What of each space is used.'],
    ['nodejs_heap_space_size_available_bytes', 'What of each space is free.'],
    ['nodejs_version_info', 'The version of Node.js; always 1.'],
  ].map(([name, help]) => ({ name: name!, kind: 'gauge', help: help! })),
  {
    name: 'nodejs_gc_duration_seconds',
    kind: 'histogram',
    help: 'How long garbage collections of the main thread took, by kind.',
  },
]
