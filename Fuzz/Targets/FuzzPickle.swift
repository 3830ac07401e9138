// fuzz: module=ClassicRuntime reader=Sources/Serving/Runtimes/ClassicRuntime/Pickle,Sources/Serving/Runtimes/ClassicRuntime/Numpy,Sources/Serving/Runtimes/ClassicRuntime/Joblib,Sources/Serving/Runtimes/ClassicRuntime/Binding with=Fuzz/Shared/ModelDrive.swift
import Basics
import ClassicRuntime
import InferenceProtocol
import Linux
import ModelRuntime

/// One file for all runs of this process, in memory.
private let file: (descriptor: FileDescriptorBox, path: String) = {
  let box = FileDescriptorBox()
  return (box, "/proc/self/fd/\(box.descriptor.number)")
}()

/// Keeps the memory file open for the process's life.
private final class FileDescriptorBox {
  let descriptor: Linux.FileDescriptor

  init() {
    guard let created = try? MemoryFile.create("model.pkl") else { fatalError("no memory file") }
    descriptor = created
  }
}

/// Any bytes as a model file: refused with a reason, or a model that answers (or refuses) any rows.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPickle(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    try MemoryFile.replaceContents(of: file.descriptor.descriptor, with: bytes)
  } catch {
    fatalError("the memory file cannot be written: \(error)")
  }
  #if PLANTED_BUG
    do {
      _ = try ClassicRuntime().load(path: file.path, options: LoadOptions())
    } catch {
      if error.code == .unsafeContent, error.message.contains("nt.") { fatalError("planted bug") }
    }
  #endif
  guard let model = try? ClassicRuntime().load(path: file.path, options: LoadOptions()) else { return 0 }
  for columns in [1, 4] {
    let rows = Tensor(
      name: "x", shape: [2, columns], values: .float64((0..<2 * columns).map { Double($0) - 1.5 }))
    _ = try? model.predict([rows])
  }
  if let columns = model.signature.inputs.first?.shape.last, (1...64).contains(columns) {
    let values = (0..<columns).map { Double($0) - 0.5 }
    let row = Tensor(name: "x", shape: [1, columns], values: .float64(values))
    for function in model.functions {
      _ = try? model.predict(PredictRequest(inputs: [row], function: function))
    }
    predictWithoutAllocations(model, values, rows: 1)
  }
  return 0
}
