/* The whole SO-GAAL step in plain C, one thread, float32: what the arithmetic costs without a framework.

   Columns, as in sogaal/engine.py: x[c * m + i] is feature c of point i, so that the inner loops run over points.
   Sums over points keep LANES partial sums, which lets the compiler use vector registers without reordering on its own.

   D: d -> h ReLU -> 1, parameters W1 (h, d), b1 (h), w2 (h), b2 (1), one array in this order.
   G: d -> d ReLU -> d ReLU, parameters A (d, d), a (d), B (d, d), b (d), one array; rows are outputs. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LANES 16

typedef struct {
    int64_t n, d, h, batch;
    const float *table;   /* (n, d) */
    float *D, *velocity_D, *G, *velocity_G;
    float lr_d, lr_g, momentum, dampening, decay;
    int64_t step;         /* steps done */
    uint64_t random;      /* state of the random numbers, not 0 */
    int64_t *order;       /* (n): rows in this epoch's order */
    int32_t shuffles;     /* new order at each epoch's start? */
    const float *noise;   /* (steps, d, batch), or NULL: drawn here */
    float *losses;        /* (steps, 4): loss of D, of G, means of D(x) and D(G(z)) */
} Training;

static uint64_t next(uint64_t *state) { /* xorshift64* */
    uint64_t x = *state;
    x ^= x >> 12; x ^= x << 25; x ^= x >> 27;
    *state = x;
    return x * 2685821657736338717ull;
}

static void fill(float *out, int64_t count, uint64_t *state) { /* U[0, 1), two numbers a draw */
    for (int64_t i = 0; i < count; i += 2) {
        uint64_t bits = next(state);
        out[i] = (float)(bits >> 40) * 0x1p-24f;
        if (i + 1 < count) out[i + 1] = (float)(bits >> 8 & 0xffffff) * 0x1p-24f;
    }
}

static void shuffle(int64_t *order, int64_t n, uint64_t *state) {
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)((next(state) >> 32) * (uint64_t)(i + 1) >> 32), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

static float dot(const float *x, const float *y, int64_t m) {
    float part[LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= m; i += LANES)
        for (int l = 0; l < LANES; l++) part[l] += x[i + l] * y[i + l];
    for (; i < m; i++) sum += x[i] * y[i];
    for (int l = 0; l < LANES; l++) sum += part[l];
    return sum;
}

static float total(const float *x, int64_t m) {
    float part[LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= m; i += LANES)
        for (int l = 0; l < LANES; l++) part[l] += x[i + l];
    for (; i < m; i++) sum += x[i];
    for (int l = 0; l < LANES; l++) sum += part[l];
    return sum;
}

static void add(float *restrict to, float factor, const float *restrict x, int64_t m) {
    for (int64_t i = 0; i < m; i++) to[i] += factor * x[i];
}

/* out = relu(W x + b): (rows, m) from (columns, m); x has its own stride. */
static void layer(float *out, const float *W, const float *b, const float *x, int64_t stride, int64_t rows,
                  int64_t columns, int64_t m) {
    for (int64_t r = 0; r < rows; r++) {
        float *row = out + r * m;
        for (int64_t i = 0; i < m; i++) row[i] = b[r];
        for (int64_t c = 0; c < columns; c++) add(row, W[r * columns + c], x + c * stride, m);
        for (int64_t i = 0; i < m; i++) row[i] = row[i] > 0 ? row[i] : 0;
    }
}

static void logits_of(float *logits, const float *w2, float b2, const float *hidden, int64_t h, int64_t m) {
    for (int64_t i = 0; i < m; i++) logits[i] = b2;
    for (int64_t j = 0; j < h; j++) add(logits, w2[j], hidden + j * m, m);
}

static float softplus(float x) { return (x > 0 ? x : 0) + log1pf(expf(-fabsf(x))); }

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

/* Keras' SGD, as in sogaal/layers.py; slope is the gradient times the number of columns. */
static void update(float *values, float *velocity, const float *slope, int64_t count, float rate, float momentum) {
    for (int64_t i = 0; i < count; i++) {
        velocity[i] = momentum * velocity[i] - rate * slope[i];
        values[i] += velocity[i];
    }
}

/* dh = (w2 e) * [hidden > 0], a row at a time. */
static void through_relu(float *restrict dh, float w, const float *restrict e, const float *restrict hidden, int64_t m) {
    for (int64_t i = 0; i < m; i++) dh[i] = hidden[i] > 0 ? w * e[i] : 0;
}

static void mask(float *restrict gradient, const float *restrict value, int64_t m) {
    for (int64_t i = 0; i < m; i++) gradient[i] = value[i] > 0 ? gradient[i] : 0;
}

/* Returns 0, or 1 when memory is short. */
int run(Training *t, int64_t steps, int32_t trains_generator) {
    const int64_t d = t->d, h = t->h, B = t->batch, m = 2 * B, batches = t->n / B;
    const int64_t size_D = h * d + 2 * h + 1, size_G = 2 * d * (d + 1);
    float *W1 = t->D, *b1 = W1 + h * d, *w2 = b1 + h, *b2 = w2 + h;
    float *A = t->G, *a_bias = A + d * d, *Bw = a_bias + d, *b_bias = Bw + d * d;
    const int64_t floats = 2 * d * m + 2 * h * m + 2 * m + 4 * d * B + size_D + size_G;
    float *memory = malloc(sizeof(float) * (size_t)(floats + d * B));
    if (!memory) return 1;
    float *x = memory, *hidden = x + 2 * d * m, *dh = hidden + h * m, *logits = dh + h * m, *e = logits + m;
    float *a = e + m, *g = a + d * B, *dg = g + d * B, *da = dg + d * B, *slope_D = da + d * B;
    float *slope_G = slope_D + size_D, *drawn = slope_G + size_G;

    for (int64_t s = 0; s < steps; s++, t->step++) {
        const float pace = (t->step ? 1 - t->dampening : 1) / (1 + t->decay * (float)t->step);
        const int64_t number = t->step % batches;
        float *loss = t->losses + 4 * s;
        if (number == 0 && t->shuffles) shuffle(t->order, t->n, &t->random);

        /* The batch: real columns, then generated ones. */
        for (int64_t i = 0; i < B; i++) {
            const float *row = t->table + t->order[number * B + i] * d;
            for (int64_t c = 0; c < d; c++) x[c * m + i] = row[c];
        }
        if (!t->noise) fill(drawn, d * B, &t->random);
        const float *z = t->noise ? t->noise + s * d * B : drawn;
        layer(a, A, a_bias, z, B, d, d, B);
        layer(g, Bw, b_bias, a, B, d, d, B);
        for (int64_t c = 0; c < d; c++) memcpy(x + c * m + B, g + c * B, sizeof(float) * (size_t)B);

        /* D: forward, backward, update. */
        layer(hidden, W1, b1, x, m, h, d, m);
        logits_of(logits, w2, *b2, hidden, h, m);
        float sum = 0;
        for (int64_t i = 0; i < m; i++) {
            e[i] = sigmoid(logits[i]) - (i < B);
            sum += softplus(i < B ? -logits[i] : logits[i]);
        }
        loss[0] = sum / (float)m;
        loss[2] = 1 + total(e, B) / (float)B;
        loss[3] = total(e + B, B) / (float)B;
        for (int64_t j = 0; j < h; j++) {
            through_relu(dh, w2[j], e, hidden + j * m, m);
            for (int64_t c = 0; c < d; c++) slope_D[j * d + c] = dot(dh, x + c * m, m);
            slope_D[h * d + j] = total(dh, m);
            slope_D[h * d + h + j] = dot(e, hidden + j * m, m);
        }
        slope_D[size_D - 1] = total(e, m);
        update(t->D, t->velocity_D, slope_D, size_D, t->lr_d / (float)m * pace, t->momentum);

        /* G: the same noise through the updated D, backward, update. */
        layer(hidden, W1, b1, g, B, h, d, B);
        logits_of(logits, w2, *b2, hidden, h, B);
        sum = 0;
        for (int64_t i = 0; i < B; i++) {
            e[i] = sigmoid(logits[i]) - 1;
            sum += softplus(-logits[i]);
        }
        loss[1] = sum / (float)B;
        if (!trains_generator) continue;
        memset(dg, 0, sizeof(float) * (size_t)(d * B));
        memset(da, 0, sizeof(float) * (size_t)(d * B));
        for (int64_t j = 0; j < h; j++) {
            through_relu(dh, w2[j], e, hidden + j * B, B);
            for (int64_t c = 0; c < d; c++) add(dg + c * B, W1[j * d + c], dh, B);
        }
        float *slope_A = slope_G, *slope_a = slope_A + d * d, *slope_B = slope_a + d, *slope_b = slope_B + d * d;
        for (int64_t r = 0; r < d; r++) {
            mask(dg + r * B, g + r * B, B);
            for (int64_t c = 0; c < d; c++) {
                slope_B[r * d + c] = dot(dg + r * B, a + c * B, B);
                add(da + c * B, Bw[r * d + c], dg + r * B, B);
            }
            slope_b[r] = total(dg + r * B, B);
        }
        for (int64_t r = 0; r < d; r++) {
            mask(da + r * B, a + r * B, B);
            for (int64_t c = 0; c < d; c++) slope_A[r * d + c] = dot(da + r * B, z + c * B, B);
            slope_a[r] = total(da + r * B, B);
        }
        update(t->G, t->velocity_G, slope_G, size_G, t->lr_g / (float)B * pace, t->momentum);
    }
    free(memory);
    return 0;
}
