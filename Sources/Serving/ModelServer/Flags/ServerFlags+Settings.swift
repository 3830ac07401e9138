internal import HTTPTransport
internal import Linux
internal import ModelRuntime

/// What the flags mean to the parts of the server.
extension ServerFlags {
  var modelSettings: ModelSettings {
    var settings = ModelSettings()
    if batches {
      settings.batching = BatchSettings(
        maximumRows: maxBatchSize, maximumDelay: .milliseconds(maxLatency), showsBatchID: batchIDs)
    }
    if containerConcurrency > 0 { settings.concurrency = containerConcurrency }
    return settings
  }

  var schedulerSettings: SchedulerSettings {
    var settings =
      given.contains("max_threads") ? SchedulerSettings(threads: maxThreads) : SchedulerSettings()
    settings.capacity = queueSize
    settings.totalCapacity = max(settings.totalCapacity, queueSize)
    settings.waitLimit = .seconds(queueTimeoutSeconds)
    settings.cacheBytes = responseCacheBytes
    return settings
  }

  var httpLimits: HTTPServerLimits {
    var limits = HTTPServerLimits()
    limits.bodyBytes = maxBodyBytes
    limits.idleTimeout = .seconds(timeoutKeepAlive)
    return limits
  }

  /// As gRPC's own options, -1 stands for no limit: the largest message that the format knows.
  var grpcLimits: GRPCLimits {
    var limits = GRPCLimits()
    limits.sendMessageBytes = grpcMaxSendMessageLength < 0 ? Int(Int32.max) : grpcMaxSendMessageLength
    limits.receiveMessageBytes =
      grpcMaxReceiveMessageLength < 0 ? Int(Int32.max) : grpcMaxReceiveMessageLength
    return limits
  }

  /// Models that are loaded at a time at start.
  var loadConcurrency: Int { loadThreads > 0 ? loadThreads : ProcessStatistics.processorCount }
}

extension ServerFlags {
  /// What runtimes are told beside the flags that all of them know.
  var runtimeSettings: [String: String] {
    var settings = ["model_name": modelName]
    if allowPython { settings["python.allow"] = "true" }
    return settings
  }
}
