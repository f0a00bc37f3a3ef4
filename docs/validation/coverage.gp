reset
set encoding utf8
set terminal svg size 720,340 font 'sans-serif,12' background 'white'
set border 3; set tics nomirror out
set grid y lc rgb '#dddddd' lt 1
set output 'coverage.svg'
set title 'How often the 95 % intervals contain the truth'
set ylabel 'share'
set xrange [0.5:5.5]
set yrange [*<0.92:1]
set key off
plot 0.95 lc rgb '#000000' lw 1, 'coverage.dat' using 1:3:4:5:xtic(2) with yerrorbars pt 7 ps 1 lw 2 lc rgb '#0072b2'
