// fuzz: module=TreesRuntime reader=Sources/Serving/Runtimes/TreesRuntime/XGBoost,Sources/Serving/Runtimes/TreesRuntime/Documents with=Fuzz/Shared/ModelDrive.swift
import ModelRuntime
import TreesRuntime

/// Any bytes as an XGBoost model file, in any of its three formats.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzXGBoost(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  driveTrees { () throws(ModelLoadError) in
    try TreesRuntime().load(bytes: bytes, path: "model", options: LoadOptions())
  } isPlanted: { error in
    error.message.contains("which is more than it holds")
  }
  return 0
}
