extension EstimatorBinder {
  private static let maximumPipelineSteps = 1024

  func pipeline(_ state: EstimatorState) throws(BindError) -> BoundEstimator? {
    let list = try state.list("steps")
    guard list.count <= EstimatorBinder.maximumPipelineSteps else {
      throw .corrupt("its pipelines have more than \(EstimatorBinder.maximumPipelineSteps) steps")
    }
    var transformers: [any Transformer] = []
    for (index, value) in list.enumerated() {
      guard case .tuple(let pair)? = graph.node(value), pair.count == 2 else {
        guard case .list(let pair)? = graph.node(value), pair.count == 2 else {
          throw state.malformed("steps", "a list of (name, estimator)")
        }
        throw .unsupported("its pipeline has a step given as a list; give steps as (name, estimator) tuples")
      }
      try spend(elements: 1)
      guard let step = try bind(pair[1]) else { continue }
      if index == list.count - 1, let predictor = step.predictor {
        return join(transformers, predictor, step.transformer)
      }
      guard let transformer = step.transformer else {
        throw .unsupported("its pipeline has \(step.fitted.identity.className) before the end")
      }
      transformers.append(transformer)
    }
    return chain(transformers).map { BoundEstimator($0) }
  }

  private func chain(_ transformers: [any Transformer]) -> TransformerChain? {
    transformers.first.map { TransformerChain(first: $0, rest: Array(transformers.dropFirst())) }
  }

  private func join(
    _ transformers: [any Transformer], _ last: any Predictor, _ lastTransformer: (any Transformer)?
  ) -> BoundEstimator {
    guard let chain = chain(transformers) else {
      return BoundEstimator(last, predictor: last, transformer: lastTransformer)
    }
    let predictor = Pipeline(chain: chain, last: last)
    let transformer = lastTransformer.map { TransformerChain(first: chain.first, rest: chain.rest + [$0]) }
    return BoundEstimator(predictor, predictor: predictor, transformer: transformer)
  }
}
