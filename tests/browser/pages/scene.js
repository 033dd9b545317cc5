/**
 * Seeded pictures that look like maps of real heads: spirals of positions, clusters of tokens,
 * sinks, bands.
 */

/** A small seeded generator (mulberry32), the same picture on every machine. */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const SEQUENCE_LENGTH = 24;

/** Columns of tokens as the page has them, for a corpus of equally long sequences. */
export function makeTokens(nTokens) {
  const token = Int32Array.from({ length: nTokens }, (_, at) => at);
  const random = createRandom(5);
  return {
    tokenId: token.map(() => Math.floor(800 * random() ** 3)),
    sequence: token.map((at) => Math.floor(at / SEQUENCE_LENGTH)),
    position: token.map((at) => at % SEQUENCE_LENGTH),
    row: token.map((at) =>
      at % SEQUENCE_LENGTH ? Math.floor(((at % SEQUENCE_LENGTH) - 1) / 5) : -1,
    ),
    column: token.map((at) => (at % SEQUENCE_LENGTH ? ((at % SEQUENCE_LENGTH) - 1) % 5 : -1)),
    sequences: {
      length: new Int32Array(Math.ceil(nTokens / SEQUENCE_LENGTH)).fill(SEQUENCE_LENGTH),
    },
  };
}

/** Positions (cell, point, dims), 0..65535, of `nCells` heads with `nTokens` tokens each. */
export function makePositions(nCells, nTokens, dims, seed = 1) {
  const positions = new Uint16Array(nCells * 2 * nTokens * dims);
  const tokens = makeTokens(nTokens);
  for (let cell = 0; cell < nCells; cell++) {
    const random = createRandom(seed * 1000 + cell);
    const place = PLACES[Math.floor(random() * PLACES.length)](random);
    for (let point = 0; point < 2 * nTokens; point++) {
      const token = point % nTokens;
      const at = place({
        isKey: point >= nTokens,
        position: tokens.position[token],
        id: tokens.tokenId[token],
      });
      for (let axis = 0; axis < dims; axis++) {
        const value = Math.min(0.98, Math.max(-0.98, at[axis]));
        positions[(cell * 2 * nTokens + point) * dims + axis] = Math.round((value + 1) * 32767.5);
      }
    }
  }
  return positions;
}

/** Roughly normal, mean 0, standard deviation 1. */
function normal(random) {
  return (random() + random() + random() + random() - 2) * 1.73;
}

const PLACES = [
  // Positions wind along a spiral; keys lag behind their queries.
  (random) => {
    const turns = 4 + 5 * random();
    const noise = 0.03 + 0.04 * random();
    const lag = 0.25 * random();
    return ({ isKey, position }) => {
      const along = (position + 0.5) / SEQUENCE_LENGTH;
      const angle = along * turns + (isKey ? lag : 0);
      const radius = 0.15 + 0.75 * along;
      return [
        Math.cos(angle) * radius + noise * normal(random),
        Math.sin(angle) * radius + noise * normal(random),
        along * 1.4 - 0.7 + noise * normal(random),
      ];
    };
  },
  // A cluster per token, queries a little beside their keys.
  (random) => {
    const spread = 0.025 + 0.05 * random();
    const apart = 0.16 * random();
    const salt = Math.floor(1000 * random());
    return ({ isKey, id }) => {
      const own = createRandom((id % 60) * 77 + salt);
      const middle = [own() * 1.6 - 0.8, own() * 1.6 - 0.8, own() * 1.4 - 0.7];
      return middle.map(
        (value, axis) => value * 0.9 + (isKey && axis === 0 ? apart : 0) + spread * normal(random),
      );
    };
  },
  // Two clouds, apart from each other.
  (random) => {
    const angle = random() * 6.28;
    const gap = 0.15 + 0.35 * random();
    return ({ isKey }) => {
      const sign = isKey ? 1 : -1;
      return [
        Math.cos(angle) * gap * sign + 0.27 * normal(random),
        Math.sin(angle) * gap * sign + 0.27 * normal(random),
        0.25 * normal(random),
      ];
    };
  },
  // A ring of queries around a core of keys, with the first tokens far away.
  (random) => {
    const radius = 0.5 + 0.2 * random();
    return ({ isKey, position, id }) => {
      if (position === 0) return [0.8 + 0.03 * normal(random), -0.7 + 0.05 * normal(random), 0.4];
      const angle = (id % 37) * 0.17 + 0.08 * normal(random);
      const reach = isKey ? 0.22 * Math.abs(normal(random)) : radius + 0.08 * normal(random);
      return [Math.cos(angle) * reach, Math.sin(angle) * reach, 0.3 * normal(random)];
    };
  },
  // Bands by position, as in heads that look at neighbours.
  (random) => {
    const tilt = random() - 0.5;
    return ({ isKey, position }) => {
      const band = ((position + (isKey ? 0 : 1)) % 6) / 3 - 0.85;
      const along = 0.42 * normal(random);
      return [band + tilt * along + 0.03 * normal(random), along, 0.35 * normal(random)];
    };
  },
];

/** Patch pictures (token, side, side, 3): soft gradients in many hues. */
export function makePatches(nTokens, side) {
  const rgb = new Uint8Array(nTokens * side * side * 3);
  for (let token = 0; token < nTokens; token++) {
    const random = createRandom(token + 9);
    const ends = [0, 1, 2].map(() => [255 * random(), 255 * random()]);
    const turn = random() * 6.28;
    for (let at = 0; at < side * side; at++) {
      const [x, y] = [(at % side) / side - 0.5, Math.floor(at / side) / side - 0.5];
      const share = Math.min(1, Math.max(0, 0.5 + x * Math.cos(turn) + y * Math.sin(turn)));
      for (let part = 0; part < 3; part++)
        rgb[(token * side * side + at) * 3 + part] =
          ends[part][0] + (ends[part][1] - ends[part][0]) * share;
    }
  }
  return rgb;
}
