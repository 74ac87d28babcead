fn main() {
    protobuf_codegen::Codegen::new()
        .pure()
        .include("proto")
        .input("proto/carillon/v1/event.proto")
        .cargo_out_dir("carillon")
        .run_from_script();
}
