import { expect, test } from 'vitest';
import { flightAddressOf } from './flight-address.ts';

test.each([
  ['grpc://127.0.0.1:8815', 'http://forge.example:8080', 'grpc://forge.example:8815'],
  ['grpc://[::]:8815', 'http://[fd00::1]', 'grpc://[fd00::1]:8815'],
  ['grpc+tls://0.0.0.0:9000', 'https://forge.example/', 'grpc+tls://forge.example:9000'],
  ['grpc+tls://localhost:9000', 'http://forge.example', 'grpc+tls://forge.example:9000'],
])('%s of a server at %s is called at %s', (told, server, address) => {
  expect(flightAddressOf(told, server)).toBe(address);
});

test.each([
  [null, 'http://forge.example', /serves no Arrow Flight: .*DATA_TRANSFER=json/],
  ['grpc://0.0.0.0:8815', 'https://forge.example', /without TLS: .*FLIGHT_TLS_CERT.*DATA_TRANSFER=json/],
])('%s of a server at %s is not called', (told, server, message) => {
  expect(() => flightAddressOf(told, server)).toThrow(message);
});
