// The program `tocsin`: nothing but the way into server/command_line.h.
int main() {
  return 0;
}
