#ifndef APUS_SHIMS_FUSED_H
#define APUS_SHIMS_FUSED_H

/// results[j] = Σₖ row[k] · matrix[k · width + j], for a row-major matrix of `depth` rows and `width` columns.
///
/// The order and the fused steps are those of OpenBLAS's matrix products on processors with AVX2: one sum per
/// element, step by step over k, in blocks beyond 512 steps; on every processor.
void apus_fused_products(const double *row, const double *matrix, long depth, long width, double *results);
/// The same in single precision (blocks beyond 640 steps).
void apus_fused_products_single(
    const float *row, const float *matrix, long depth, long width, float *results);

#endif
