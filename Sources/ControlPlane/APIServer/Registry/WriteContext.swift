public import Basics

/// What strategies may ask of the server while they prepare a write.
public struct WriteContext: Sendable {
  public let clock: any WallClock
  public let random: any RandomSource
  let serviceAddresses: ServiceAddresses
}
