{
  "includes": ["src/sources.gypi"],
  "variables": {
    # Link-time optimisation, where it needs nothing but the compiler itself: GCC's linker plugin is
    # always there, clang's is not. Small messages cost 3% less with it.
    "has_lto%": "<!(node -p \"Number(process.platform === 'linux' && /Free Software/.test(require('child_process').spawnSync(process.env.CXX || 'g++', ['--version']).stdout))\")"
  },
  "targets": [
    {
      "target_name": "wsuv",
      "sources": [
        "<@(protocol_sources)",
        "<@(transport_sources)",
        "<@(binding_sources)"
      ],
      # The two scripts print where node-addon-api and the header with the version are.
      "include_dirs": ["src", "<!(node src/headers.js)", "<!(node src/version.js)"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS"],
      # -g1: line tables, which the release keeps apart from the binary, by its build id.
      "cflags": [
        "-fvisibility=hidden",
        "-ffunction-sections",
        "-fdata-sections",
        "-O3",
        "-g1",
        "-fstack-protector-strong",
        "-Wall",
        "-Wextra"
      ],
      "cflags_cc": ["-std=c++17", "-fno-rtti", "-fno-exceptions"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "ldflags": [
        "-static-libstdc++",
        "-Wl,--exclude-libs,ALL",
        "-Wl,--gc-sections",
        "-Wl,--build-id=sha1",
        "-Wl,-z,relro,-z,now"
      ],
      "configurations": {
        "Release": {
          "cflags": ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-D_GLIBCXX_ASSERTIONS"]
        }
      },
      "conditions": [
        ["has_lto == 1", { "cflags": ["-flto=auto"], "ldflags": ["-flto=auto", "-O3"] }]
      ],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "GCC_OPTIMIZATION_LEVEL": "3",
        "GCC_GENERATE_DEBUGGING_SYMBOLS": "YES",
        "OTHER_CPLUSPLUSFLAGS": ["-fstack-protector-strong"],
        "MACOSX_DEPLOYMENT_TARGET": "11.0"
      },
      "msvs_settings": {
        "VCCLCompilerTool": { "AdditionalOptions": ["/std:c++17"] }
      }
    }
  ]
}
