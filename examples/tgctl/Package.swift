// swift-tools-version: 6.2
import PackageDescription

let worker = Context.environment["WORKER"] ?? "../../.build/worker"

let package = Package(
    name: "tgctl",
    dependencies: [
        // The package that `make worker-library` leaves.
        .package(name: "portcullis-worker", path: "\(worker)/swift"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .executableTarget(
            name: "tgctl",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceWorker", package: "portcullis-worker"),
            ])
    ]
)
