package main

/*
#include <string.h>
*/
import "C"

import (
	"fmt"
	"net"
	"os"
	"os/user"
)

func main() {
	addresses, err := net.LookupHost(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	who, err := user.LookupId("65534")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(os.Args[1], len(addresses) > 0, who.Username, C.strlen(C.CString("four")))
}
