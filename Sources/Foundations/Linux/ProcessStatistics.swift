internal import CShims
internal import Glibc

/// What the kernel says of this process's use of the machine.
public enum ProcessStatistics {
  /// Resident bytes now; nil where /proc cannot be read.
  public static var residentBytes: Int? {
    guard let bytes = try? Files.read("/proc/self/statm", limit: 4096) else { return nil }
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
    return pages.multipliedReportingOverflow(by: Int(sysconf(Int32(_SC_PAGESIZE)))).partialValue
  }

  /// User and system time so far.
  public static var processorSeconds: Double {
    var usage = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  public static var openDescriptors: Int? { (try? Files.list("/proc/self/fd"))?.count }

  /// Processors that are switched on.
  public static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
