// fuzz: module=PMMLRuntime reader=Sources/Serving/Runtimes/PMMLRuntime,Sources/Foundations/XML
import Basics
import InferenceProtocol
import ModelRuntime
import PMMLRuntime

/// Any bytes as a PMML document: refused with a reason, or a model that answers (or refuses) any rows.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPMML(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let model: any LoadedModel
  do {
    model = try PMMLRuntime().load(bytes: bytes, path: "model.pmml")
  } catch {
    #if PLANTED_BUG
      if error.message.contains("multipleModelMethod 'a") { fatalError("planted bug") }
    #endif
    return 0
  }
  let width = model.signature.inputs.count
  guard width <= 64 else { return 0 }
  let numbers: [Double] = [0, -1.5, .nan, 1e308, 3, 0.1, -0.0, 40]
  let values = (0..<3 * width).map { numbers[$0 % numbers.count] }
  _ = try? model.predict([Tensor(name: "", shape: [3, width], values: .float64(values))])
  let columns = model.signature.inputs.enumerated().map { index, input in
    Tensor(name: input.name, shape: [1], values: .strings([["f", "m", "red", "1", ""][index % 5]]))
  }
  _ = try? model.predict(columns)
  return 0
}
