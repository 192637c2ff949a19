// Temporary: replaced by the real benchmarks as soon as there is something to measure.
console.log('No benchmark rows are registered yet.');
