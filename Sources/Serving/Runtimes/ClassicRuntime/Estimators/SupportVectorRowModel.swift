internal import InferenceProtocol
internal import ModelRuntime

/// libsvm's models on dense rows without allocations.
struct SupportVectorRowModel: RowModel {
  let machine: SupportVectorMachine
  /// nil: the decision is the answer.
  let labels: RowLabels?
  let form: RowForm
  private let kernel: SupportVectorKernel

  /// nil for sparse support vectors, and for rows so long that the kernel takes memory of its own.
  init?(machine: SupportVectorMachine, labels: RowLabels?, form: RowForm) {
    guard case .dense(let kernel) = machine.vectors, form.columns <= 128 else { return nil }
    self.machine = machine
    self.labels = labels
    self.form = form
    self.kernel = kernel
  }

  private var classes: Int { machine.vectorsPerClass.count }

  func scratchBytes(rows: Int) -> Int {
    8 * (form.columns + machine.kernelCapacity + machine.intercepts.count + classes)
  }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    guard batch.columns == form.columns else { return false }
    let row = scratch.assumingMemoryBound(to: Double.self)
    let kernels = UnsafeMutableBufferPointer(start: row + form.columns, count: machine.kernelCapacity)
    let decisions = UnsafeMutableBufferPointer(
      start: row + form.columns + machine.kernelCapacity, count: machine.intercepts.count)
    let votes = row + form.columns + machine.kernelCapacity + machine.intercepts.count
    for index in 0..<batch.rows {
      guard batch.loadFinite(row: index, into: row) else { return false }
      kernel.evaluate(UnsafeBufferPointer(start: row, count: form.columns), into: kernels)
      machine.decide(kernels, into: decisions)
      guard let labels else {
        output.assumingMemoryBound(to: Double.self)[index] = decisions[0]
        continue
      }
      labels.store(winner(decisions, votes), into: output, at: index)
    }
    return true
  }

  private func winner(
    _ decisions: UnsafeMutableBufferPointer<Double>, _ votes: UnsafeMutablePointer<Double>
  ) -> Int {
    for index in 0..<classes { votes[index] = 0 }
    var pair = 0
    for first in 0..<classes {
      for second in (first + 1)..<max(classes, first + 1) {
        votes[decisions[pair] > 0 ? first : second] += 1
        pair += 1
      }
    }
    var best = 0
    for index in 1..<max(1, classes) where votes[index] > votes[best] { best = index }
    return best
  }
}
