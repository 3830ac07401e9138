// fuzz: module=TreesRuntime reader=Sources/Serving/Runtimes/TreesRuntime/LightGBM with=Fuzz/Shared/ModelDrive.swift
import ModelRuntime
import TreesRuntime

/// Any bytes as a LightGBM model file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLightGBM(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  driveTrees { () throws(ModelLoadError) in
    try TreesRuntime().load(bytes: bytes, path: "model", options: LoadOptions())
  } isPlanted: { error in
    error.message.contains("two parents") || error.message.contains("leads to")
  }
  return 0
}
