/// An accepted connection, whatever it speaks. Loop thread only.
protocol ServerConnection: AnyObject {
  /// Finish what is begun, take nothing new.
  func startDraining()
  func closeNow()
}
